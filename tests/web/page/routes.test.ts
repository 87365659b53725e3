import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Events, viewersPerLocalMax, viewersPerNetworkMax } from "../../../src/status/events.ts";
import { createBasicAuth } from "../../../src/web/auth.ts";
import { statusRoutes } from "../../../src/web/page/routes.ts";
import { busyHistory, busyStatus, servePage } from "./fixture.ts";

let served: ReturnType<typeof servePage>;
beforeAll(() => {
	served = servePage(busyStatus, busyHistory);
});
afterAll(() => served.stop());

const get = (path: string, init?: RequestInit) => fetch(new URL(path, served.url), init);

describe("the status page's routes", () => {
	test.each([
		["/", "text/html; charset=utf-8"],
		["/page.js", "text/javascript; charset=utf-8"],
		["/page.css", "text/css; charset=utf-8"],
		["/icon.svg", "image/svg+xml"],
		["/status.json", "application/json"],
	])("%s answers as %s, plain or compressed", async (path, contentType) => {
		const compressed = await get(path);
		const plain = await get(path, { headers: { "Accept-Encoding": "identity" } });
		expect([compressed.status, compressed.headers.get("content-type")]).toEqual([200, contentType]);
		expect(plain.headers.get("content-encoding")).toBeNull();
		expect(await compressed.text()).toBe(await plain.text());
	});

	test("the page allows its own script and styles, and no inline code", async () => {
		const policy = (await get("/")).headers.get("content-security-policy") ?? "";
		expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'");
		expect(policy).not.toContain("unsafe");
		expect(policy).toContain("frame-ancestors 'none'");
	});

	test("the script and the styles hold everything that they use", async () => {
		expect(await (await get("/page.js")).text()).not.toMatch(/\bimport\s*["'{(]|\brequire\(/);
		expect(await (await get("/page.css")).text()).not.toMatch(/@import|url\(/);
	});

	test("/status.json is the status", async () => {
		expect(await (await get("/status.json")).json()).toEqual(JSON.parse(JSON.stringify(busyStatus)));
	});

	test.each(["/", "/status.json", "/history.json"])("%s is rendered once for many who ask at once", async (path) => {
		let reads = 0;
		const read = <Figures>(figures: Figures) => {
			reads++;
			return figures;
		};
		const events = new Events({ history: () => busyHistory, status: () => busyStatus, every: () => () => {} });
		const feed = {
			status: () => read(busyStatus),
			history: () => (path === "/" ? busyHistory : read(busyHistory)),
			events,
			stop: () => {},
		};
		const handler = statusRoutes(feed, "/metrics")[path];
		const request = new Request(`http://exporter.example${path}`);
		for (let n = 0; n < 20; n++) await handler?.(request, { address: "", keepOpen: () => {} });
		expect(reads).toBe(1);
	});

	test("HEAD of the events opens no stream", async () => {
		const response = await get("/events", { method: "HEAD" });
		expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream; charset=utf-8"]);
	});

	test("nothing of it is given away without the password", async () => {
		const users = new Map([["operator", await Bun.password.hash("secret", { algorithm: "bcrypt", cost: 4 })]]);
		const guarded = servePage(busyStatus, busyHistory, createBasicAuth({ users }));
		const Authorization = `Basic ${btoa("operator:secret")}`;
		for (const path of ["/", "/page.js", "/page.css", "/icon.svg", "/status.json", "/events"]) {
			const statuses = [];
			for (const headers of [{}, { Authorization }]) {
				const abort = new AbortController();
				statuses.push((await fetch(new URL(path, guarded.url), { headers, signal: abort.signal })).status);
				abort.abort();
			}
			expect([path, ...statuses]).toEqual([path, 401, 200]);
		}
		await guarded.stop();
	});

	test.each([
		["of one IPv6 network share its room", ["2001:db8::1", "2001:db8::2"], false],
		["of two networks have their own", ["2001:db8:0:1::1", "2001:db8:0:2::1"], true],
		["that come through a proxy of this host have more room", ["127.0.0.1", "127.0.0.1"], true],
		["of one address of this host have not all the room", ["127.0.0.1", "127.0.0.1"], false, viewersPerLocalMax],
		["of another address of this host find room then", ["127.0.0.1", "::1"], true, viewersPerLocalMax],
	] as [string, string[], boolean, number?][])(
		"viewers %s",
		async (_title, [first = "", second = ""], isOpen, before = viewersPerNetworkMax) => {
			const events = new Events({ history: () => busyHistory, status: () => busyStatus, every: () => () => {} });
			const feed = { status: () => busyStatus, history: () => busyHistory, events, stop: () => events.close() };
			const open = (address: string) =>
				statusRoutes(feed, "/metrics")["/events"]?.(new Request("http://exporter.example/events"), {
					address,
					keepOpen: () => {},
				});
			for (let n = 0; n < before; n++) expect((await open(first))?.status).toBe(200);
			expect((await open(second))?.status).toBe(isOpen ? 200 : 503);
			feed.stop();
		},
	);

	test("one viewer too many is told to come back", async () => {
		const aborts = Array.from({ length: viewersPerLocalMax }, () => new AbortController());
		const open = await Promise.all(aborts.map(({ signal }) => get("/events", { signal })));
		expect(open.every(({ status }) => status === 200)).toBe(true);
		const refused = await get("/events");
		expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "10"]);
		for (const abort of aborts) abort.abort();
		let status = 503;
		for (let tries = 0; tries < 100 && status !== 200; tries++) {
			await Bun.sleep(10);
			const last = new AbortController();
			status = (await get("/events", { signal: last.signal })).status;
			last.abort();
		}
		expect(status).toBe(200);
	});
});
