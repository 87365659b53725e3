import { describe, expect, test } from "bun:test";
import { Registry } from "prom-client";
import { type AppOptions, type Client, createApp, scrapesMax, urlCharactersMax } from "../../src/web/app.ts";
import { createBasicAuth } from "../../src/web/auth.ts";

const client: Client = { address: "192.0.2.1", keepOpen: () => {} };
const origin = "http://exporter.example:9713";
const exposition = "# TYPE dnstt_queries_total counter\ndnstt_queries_total 1\n";

const encode = (text: string) => new TextEncoder().encode(text);

type TestOptions = Omit<Partial<AppOptions>, "render"> & { readonly render?: () => Promise<string> };

function appOf({ render = async () => exposition, ...options }: TestOptions = {}) {
	const app = createApp({
		version: "1.2.3",
		telemetryPath: "/metrics",
		render: async () => [encode(await render())],
		isReady: () => true,
		onFault: (path, error) => {
			throw new Error(`unexpected fault on ${path}: ${error}`);
		},
		...options,
	});
	return (path: string, init?: RequestInit) => app(new Request(origin + path, init), client);
}

/** Resolves when the test says so. */
function gate<T>() {
	let open: (value: T) => void = () => {};
	const passed = new Promise<T>((resolve) => {
		open = resolve;
	});
	return { open, passed };
}

describe("routes", () => {
	const rows: [string, string, string, number][] = [
		["GET of the metrics", "GET", "/metrics", 200],
		["HEAD of the metrics", "HEAD", "/metrics", 200],
		["a query behind the path is ignored", "GET", "/metrics?name[]=x", 200],
		["the landing page", "GET", "/", 200],
		["its style", "GET", "/style.css", 200],
		["healthy", "GET", "/-/healthy", 200],
		["ready", "GET", "/-/ready", 200],
		["HEAD of ready", "HEAD", "/-/ready", 200],
		["POST to the metrics", "POST", "/metrics", 405],
		["DELETE of the landing page", "DELETE", "/", 405],
		["OPTIONS of healthy", "OPTIONS", "/-/healthy", 405],
		["a path that is not there", "GET", "/nothing", 404],
		["POST to a path that is not there", "POST", "/nothing", 404],
		["a slash too many", "GET", "/metrics/", 404],
		["another case", "GET", "/Metrics", 404],
		["an escaped letter", "GET", "/%6detrics", 404],
		["a double slash", "GET", "//metrics", 404],
		["a broken escape", "GET", "/%zz", 404],
		["a name that every object has", "GET", "/__proto__", 404],
	];
	test.each(rows)("%s: %s %s gives %i", async (_title, method, path, status) => {
		const response = await appOf()(path, { method });
		expect(response.status).toBe(status);
		expect(response.headers.get("allow")).toBe(status === 405 ? "GET, HEAD" : null);
		expect(response.headers.get("cache-control")).toBe("no-store");
		expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
		expect(response.headers.get("content-security-policy")).not.toContain("unsafe");
		expect(response.headers.get("x-content-type-options")).toBe("nosniff");
		expect(response.headers.get("x-frame-options")).toBe("DENY");
		expect(response.headers.get("referrer-policy")).toBe("no-referrer");
	});

	test("metrics are elsewhere if the telemetry path says so", async () => {
		const get = appOf({ telemetryPath: "/probe/dnstt" });
		expect(await (await get("/probe/dnstt")).text()).toBe(exposition);
		expect((await get("/metrics")).status).toBe(404);
		expect(await (await get("/")).text()).toContain('href="/probe/dnstt"');
	});

	test("ready tells why not, until it is", async () => {
		let ready: true | string = "the capture on eth0 is not open yet";
		const get = appOf({ isReady: () => ready });
		const before = await get("/-/ready");
		expect(before.status).toBe(503);
		expect(await before.text()).toBe("Not ready: the capture on eth0 is not open yet\n");
		expect((await get("/-/healthy")).status).toBe(200);
		ready = true;
		expect(await (await get("/-/ready")).text()).toBe("Ready.\n");
		expect(await (await get("/-/healthy")).text()).toBe("Healthy.\n");
	});

	test("the landing page names the version, links what there is, and holds nothing that its own policy blocks", async () => {
		const get = appOf({ version: "1.2.3<b>" });
		const page = await (await get("/")).text();
		expect(page).toContain("Version: 1.2.3&lt;b&gt;");
		expect(page).not.toMatch(/<script|<style|style=|\son\w+=|https?:/);
		const links = [...page.matchAll(/href="([^"]+)"/g)].map(([, path]) => path ?? "");
		expect(links.sort()).toEqual(["/-/healthy", "/-/ready", "/metrics", "/style.css"]);
		for (const path of links) expect((await get(path)).status).toBe(200);
		expect((await get("/style.css")).headers.get("content-type")).toBe("text/css; charset=utf-8");
	});

	test("an extra route answers, before the landing page, and its own headers win", async () => {
		let opened = 0;
		const app = createApp({
			version: "1",
			telemetryPath: "/metrics",
			render: async () => [encode(exposition)],
			isReady: () => true,
			onFault: () => {},
			extraRoutes: {
				"/": () => new Response("status", { headers: { "Content-Security-Policy": "default-src 'self'" } }),
				"/events": (_request, { keepOpen }) => {
					keepOpen();
					return new Response("data: 1\n\n");
				},
			},
		});
		const root = await app(new Request(`${origin}/`), client);
		expect(await root.text()).toBe("status");
		expect(root.headers.get("content-security-policy")).toBe("default-src 'self'");
		expect(root.headers.get("x-content-type-options")).toBe("nosniff");
		await app(new Request(`${origin}/events`), { address: "", keepOpen: () => opened++ });
		expect(opened).toBe(1);
		expect((await app(new Request(`${origin}/events`, { method: "POST" }), client)).status).toBe(405);
	});
});

describe("requests that are refused", () => {
	test.each([
		["a body of one byte", "x", {}, 413],
		["a stated length of 1", null, { "content-length": "1" }, 413],
		["a length that is no number", null, { "content-length": "x" }, 413],
		["a stated length of 0", null, { "content-length": "0" }, 200],
		["a transfer coding", null, { "transfer-encoding": "chunked" }, 413],
	] as [string, string | null, Record<string, string>, number][])("%s", async (_title, body, headers, status) => {
		const init = body === null ? { headers } : { method: "POST", body, headers: { "content-length": "1", ...headers } };
		const response = await appOf()("/metrics", init);
		expect(response.status).toBe(status);
		expect(response.headers.get("connection")).toBe(status === 413 ? "close" : null);
	});

	test("a URL of the longest length is looked at, one character more is not", async () => {
		const path = `/${"a".repeat(urlCharactersMax - origin.length - 1)}`;
		expect((await appOf()(path)).status).toBe(404);
		expect((await appOf()(`${path}a`)).status).toBe(414);
	});
});

describe("scrapes", () => {
	test("have the content type of prom-client's registry", async () => {
		const response = await appOf()("/metrics");
		expect(response.headers.get("content-type")).toBe(new Registry().contentType);
		expect(await response.text()).toBe(exposition);
	});

	test.each([
		[1023, "gzip", null],
		[1024, "gzip", "gzip"],
		[1024, "gzip;q=0", null],
		[200_000, "gzip, deflate", "gzip"],
		[200_000, "br", null],
	])("a body of %i bytes with Accept-Encoding %s is coded as %p", async (length, accepted, coding) => {
		const large = "0123456789".repeat(length).slice(0, length);
		const response = await appOf({ render: async () => large })("/metrics", {
			headers: { "accept-encoding": accepted },
		});
		expect(response.headers.get("content-encoding")).toBe(coding);
		expect(response.headers.get("vary")).toBe("Accept-Encoding");
		const bytes = new Uint8Array(await response.arrayBuffer());
		expect(new TextDecoder().decode(coding === "gzip" ? Bun.gunzipSync(bytes) : bytes)).toBe(large);
	});

	test("HEAD has the headers of GET and no body", async () => {
		const init = { method: "HEAD", headers: { "accept-encoding": "gzip" } };
		const get = appOf({ render: async () => "x".repeat(5000) });
		const response = await get("/metrics", init);
		const { length } = new Uint8Array(await (await get("/metrics", { ...init, method: "GET" })).arrayBuffer());
		expect(response.headers.get("content-length")).toBe(`${length}`);
		expect(response.headers.get("content-encoding")).toBe("gzip");
		expect(await response.text()).toBe("");
	});

	test("that come while one is rendered share it, and a later one renders anew", async () => {
		const gates = [gate<string>(), gate<string>()];
		let renders = 0;
		const get = appOf({ render: () => gates[renders++]?.passed ?? Promise.resolve("third") });
		const first = get("/metrics");
		const second = get("/metrics");
		await Bun.sleep(1);
		gates[0]?.open("one");
		expect(await (await first).text()).toBe("one");
		expect(await (await second).text()).toBe("one");
		const third = get("/metrics");
		gates[1]?.open("two");
		expect(await (await third).text()).toBe("two");
		expect(renders).toBe(2);
	});

	test("compress one rendering at a time: the next waits for that, and all that came meanwhile share it", async () => {
		const gates = [gate<void>(), gate<void>()];
		let renders = 0;
		let compressions = 0;
		const get = appOf({
			render: async () => `${++renders}`.repeat(2_000),
			compress: async (body) => {
				await gates[compressions++]?.passed;
				return Bun.gzipSync(body);
			},
		});
		const scrape = (coding: string) => get("/metrics", { headers: { "accept-encoding": coding } });
		const first = scrape("gzip");
		await Bun.sleep(1);
		const later = [scrape("gzip")];
		await Bun.sleep(1);
		later.push(scrape("gzip"), scrape("br"));
		await Bun.sleep(1);
		expect([renders, compressions]).toEqual([1, 1]);
		gates[0]?.open();
		expect((await first).status).toBe(200);
		gates[1]?.open();
		for (const response of await Promise.all(later)) {
			const bytes = new Uint8Array(await response.arrayBuffer());
			const coded = response.headers.get("content-encoding") === "gzip";
			expect(new TextDecoder().decode(coded ? Bun.gunzipSync(bytes) : bytes)).toBe("2".repeat(2_000));
		}
		expect([renders, compressions]).toEqual([2, 2]);
	});

	test("are rendered again after a compression that failed", async () => {
		let fails = true;
		const get = appOf({
			render: async () => "x".repeat(2_000),
			onFault: () => {},
			compress: async (body) => {
				if (fails) throw new Error("no memory");
				return Bun.gzipSync(body);
			},
		});
		const init = { headers: { "accept-encoding": "gzip" } };
		expect((await get("/metrics", init)).status).toBe(500);
		fails = false;
		expect((await get("/metrics", init)).status).toBe(200);
	});

	test("are answered up to the limit at once, one more gets 503, and later ones are answered again", async () => {
		const held = gate<string>();
		const get = appOf({ render: () => held.passed });
		const admitted = Array.from({ length: scrapesMax }, () => get("/metrics"));
		const refused = await get("/metrics");
		expect(refused.status).toBe(503);
		expect(refused.headers.get("retry-after")).toBe("1");
		expect((await get("/-/healthy")).status).toBe(200);
		held.open(exposition);
		for (const response of await Promise.all(admitted)) expect(response.status).toBe(200);
		expect((await get("/metrics")).status).toBe(200);
	});

	test.each([
		["rejects", () => Promise.reject(new Error("no such gauge"))],
		[
			"throws",
			() => {
				throw new Error("no such gauge");
			},
		],
	] as [string, () => Promise<string>][])(
		"get 500 when rendering %s, which is reported, and the next is answered",
		async (_title, fail) => {
			const faults: [string, unknown][] = [];
			let broken = true;
			const get = appOf({
				render: () => (broken ? fail() : Promise.resolve(exposition)),
				onFault: (path, error) => faults.push([path, error]),
			});
			for (let n = 0; n <= scrapesMax; n++) {
				const response = await get("/metrics");
				expect(response.status).toBe(500);
				expect(await response.text()).not.toContain("gauge");
				expect(response.headers.get("x-content-type-options")).toBe("nosniff");
			}
			expect(faults.length).toBe(scrapesMax + 1);
			expect(faults[0]).toEqual(["/metrics", new Error("no such gauge")]);
			broken = false;
			expect((await get("/metrics")).status).toBe(200);
		},
	);
});

describe("with basic auth", () => {
	const hash = Bun.password.hashSync("secret", { algorithm: "bcrypt", cost: 4 });
	const authorization = `Basic ${btoa("ann:secret")}`;

	test.each(["/", "/metrics", "/-/healthy", "/-/ready", "/style.css", "/nothing"])(
		"%s asks for credentials",
		async (path) => {
			const get = appOf({ auth: createBasicAuth({ users: new Map([["ann", hash]]) }) });
			const refused = await get(path);
			expect(refused.status).toBe(401);
			expect(refused.headers.get("www-authenticate")).toBe('Basic realm="dnstt_exporter", charset="UTF-8"');
			expect(refused.headers.get("x-content-type-options")).toBe("nosniff");
			expect((await get(path, { headers: { authorization: "Basic !" } })).status).toBe(401);
			expect((await get(path, { headers: { authorization } })).status).toBe(path === "/nothing" ? 404 : 200);
		},
	);

	test("checks that may not wait get 503", async () => {
		const get = appOf({ auth: { check: async () => "busy" } });
		const response = await get("/metrics", { headers: { authorization } });
		expect(response.status).toBe(503);
		expect(response.headers.get("retry-after")).toBe("1");
	});
});
