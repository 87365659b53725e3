import { describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { hostname } from "node:os";
import type { LiveOptions } from "../../src/capture/live.ts";
import { CaptureError } from "../../src/capture/source.ts";
import { ConfigError } from "../../src/config/error.ts";
import type { Config } from "../../src/config/schema.ts";
import { startExporter } from "../../src/exporter/exporter.ts";
import { GeoipError } from "../../src/geoip/error.ts";
import { catalog } from "../../src/metrics/catalog.ts";
import { heldUsMax } from "../../src/wasm/shared/limits.ts";
import { WebError } from "../../src/web/error.ts";
import { parseExposition, type Samples } from "../support/exposition.ts";
import { countryMmdb } from "../support/mmdb.ts";
import { configOf, createDependencies } from "../support/observed.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { makeCertificate } from "../web/certificates.ts";
import { FakeSource } from "./fake-source.ts";

const startUs = 1_700_000_000_000_000;
const second = 1_000_000;

/** An exporter on a free port, with a capture of the test's and a clock that stands until it is moved. */
async function start(config: Config = configOf({ "web.listen-address": "127.0.0.1:0" }), collect?: () => void) {
	const clock = { nowUs: startUs };
	const dependencies = createDependencies(() => clock.nowUs);
	const opened: { readonly options: LiveOptions; readonly source: FakeSource }[] = [];
	const refusing = { next: false };
	const open = (options: LiveOptions) => {
		if (refusing.next) throw new CaptureError("no interface");
		const source = new FakeSource(options);
		opened.push({ options, source });
		return source;
	};
	const exporter = await startExporter(config, dependencies, open, undefined, collect);
	return {
		exporter,
		dependencies,
		clock,
		opened,
		refusing,
		source: () => {
			const last = opened.at(-1);
			if (last === undefined) throw new Error("nothing was opened");
			return last.source;
		},
		/** The capture breaks, and the exporter has noticed. */
		async breaks(): Promise<void> {
			opened.at(-1)?.source.breaks();
			while ((await fetch(new URL("/-/ready", exporter.url))).status === 200) await Bun.sleep(10);
		},
		get: (path: string, init: RequestInit = {}) => fetch(new URL(path, exporter.url), init),
		async metrics(): Promise<Samples> {
			return parseExposition(await (await fetch(new URL("/metrics", exporter.url))).text());
		},
		[Symbol.asyncDispose]: () => exporter.stop(),
	};
}

const domain = { domain: "t.example.com" };
const free = { "web.listen-address": "127.0.0.1:0" };

describe("an exporter", () => {
	test("opens the capture as it is configured, and counts what comes", async () => {
		await using running = await start(
			configOf({ ...free, "capture.interface": "eth0", "capture.buffer-size": "1MiB", "dnstt.port": "53,5353" }),
		);
		expect(running.opened.map(({ options }) => options)).toEqual([
			{ interfaceName: "eth0", ports: [53, 5353], bufferBytes: 1_048_576, promiscuous: false },
		]);
		running.source().query(1, startUs, 5353);
		const samples = await running.metrics();
		expect(samples.value("dnstt_queries_total", domain)).toBe(1);
		expect(samples.value("dnstt_exporter_packets_received_total", { interface: "eth0" })).toBe(1);
		expect(samples.value("dnstt_exporter_config_last_reload_success_timestamp_seconds")).toBe(startUs / 1e6);
	});

	test("lets a client go inactive while nothing comes, by the clock that nobody sets", async () => {
		await using running = await start();
		running.source().query(1, startUs);
		const active = async () => (await running.metrics()).value("dnstt_active_clients", domain);
		expect(await active()).toBe(1);
		running.clock.nowUs = startUs + 30_000_000 + heldUsMax;
		expect(await active()).toBe(1);
		running.clock.nowUs++;
		expect(await active()).toBe(0);
	});

	test("has no active clients, but its peaks, while the capture is closed", async () => {
		await using running = await start();
		running.source().query(1, startUs);
		const values = async () => {
			const samples = await running.metrics();
			return [catalog.activeClients, catalog.peakClients].map(({ name }) => samples.value(name, domain));
		};
		expect(await values()).toEqual([1, 1]);
		running.refusing.next = true;
		await running.breaks();
		expect(await values()).toEqual([undefined, 1]);
	});

	test("takes frames that lay in the buffer while it was stopped at their own time", async () => {
		await using running = await start();
		running.source().query(1, startUs + second);
		// A minute later the first to have a turn is a scrape.
		running.clock.nowUs += 60 * second;
		const samples = await running.metrics();
		expect(samples.value("dnstt_queries_total", domain)).toBe(1);
		expect(samples.value("dnstt_peak_clients", domain)).toBe(1);
		expect(samples.value("dnstt_active_clients", domain)).toBe(0);
	});

	test("is ready only while the capture is open, and opens it again when it broke", async () => {
		await using running = await start(configOf({ ...free, "capture.interface": "eth0" }));
		expect((await running.get("/-/ready")).status).toBe(200);
		running.source().query(1, startUs);
		expect((await running.metrics()).sum("dnstt_queries_total")).toBe(1);
		running.refusing.next = true;
		await running.breaks();
		const notReady = await running.get("/-/ready");
		expect([notReady.status, await notReady.text()]).toEqual([503, "Not ready: The capture on eth0 is not open.\n"]);
		expect(running.dependencies.logged.filter((line) => line.includes("interface eth0 disappeared"))).toHaveLength(1);
		running.refusing.next = false;
		while (running.opened.length < 2) await Bun.sleep(10);
		expect((await running.get("/-/ready")).status).toBe(200);
		running.source().query(2, startUs);
		const samples = await running.metrics();
		// Counts go on over the break.
		expect(samples.value("dnstt_queries_total", domain)).toBe(2);
		expect(samples.value("dnstt_exporter_packets_received_total", { interface: "eth0" })).toBe(2);
		expect(samples.value("dnstt_exporter_capture_reopened_total", { interface: "eth0" })).toBe(1);
	});

	test("has the garbage of large scrapes, or of many small ones, collected while they are written", async () => {
		let collections = 0;
		await using running = await start(configOf(free), () => collections++);
		await running.metrics();
		// One small scrape is not worth it.
		expect(collections).toBe(0);
		let characters = 0;
		while (collections === 0) characters += (await (await running.get("/metrics")).text()).length;
		expect(characters).toBeGreaterThan(500_000);
		expect(characters).toBeLessThan(700_000);
	});

	test("closes the capture and the port when it stops", async () => {
		const running = await start();
		await running.exporter.stop();
		expect(running.source().closed).toBe(true);
		await expect(running.get("/-/healthy")).rejects.toThrow();
	});
});

describe("names in the Host header", () => {
	const statusOf = async ({ get }: Awaited<ReturnType<typeof start>>, host: string) =>
		(await get("/metrics", { headers: { host } })).status;

	test("that a page of a stranger may have get 421 on loopback without a password", async () => {
		await using running = await start(configOf({ ...free, "web.allowed-hosts": "stats.example.com" }));
		for (const host of ["localhost:9713", "127.0.0.1", "[::1]:9713", hostname(), "Stats.Example.com:80"])
			expect([host, await statusOf(running, host)]).toEqual([host, 200]);
		expect(await statusOf(running, "evil.example:9713")).toBe(421);
		expect((await running.get("/events", { headers: { host: "evil.example" } })).status).toBe(421);
		await running.exporter.reload(
			configOf({ ...free, "web.basic-auth": `ops:${await Bun.password.hash("x", { algorithm: "bcrypt", cost: 4 })}` }),
		);
		expect(await statusOf(running, "evil.example:9713")).toBe(401);
	});

	test("get it where the listen address is a name of loopback, under which it serves", async () => {
		await using running = await start(configOf({ "web.listen-address": "localhost:0" }));
		expect(await statusOf(running, "localhost")).toBe(200);
		expect(await statusOf(running, "evil.example")).toBe(421);
	});

	test("are all served on every address", async () => {
		await using running = await start(configOf({ "web.listen-address": "0.0.0.0:0" }));
		expect(await statusOf(running, "vps1.example")).toBe(200);
	});
});

describe("a reload", () => {
	test("opens the capture anew for other ports, and reads them", async () => {
		await using running = await start();
		await running.exporter.reload(configOf({ ...free, "dnstt.port": "5353" }));
		expect(running.opened.map(({ options, source }) => [options.ports, source.closed])).toEqual([
			[[53], true],
			[[5353], false],
		]);
		running.clock.nowUs += second;
		running.source().query(1, startUs + second, 5353);
		running.source().query(2, startUs + second, 5353);
		running.source().query(3, startUs + second, 53); // No longer watched.
		const samples = await running.metrics();
		expect(samples.value("dnstt_queries_total", domain)).toBe(2);
		// It was not broken.
		expect(samples.sum("dnstt_exporter_capture_reopened_total")).toBe(0);
	});

	test.each([
		["capture.interface", "nope0"],
		["capture.buffer-size", "1GiB"],
		["capture.promiscuous", "true"],
		["dnstt.port", "5353"],
	])(
		"of a capture that cannot be opened with another %s throws, changes nothing and keeps the old one",
		async (key, value) => {
			await using running = await start(configOf({ ...free, "capture.interface": "eth0" }));
			running.refusing.next = true;
			const { level } = running.dependencies.log;
			const next = configOf({ ...free, "capture.interface": "eth0", [key]: value, "log.level": "error" });
			await expect(running.exporter.reload(next)).rejects.toThrow(CaptureError);
			expect([running.opened.length, running.source().closed, running.dependencies.log.level]).toEqual([
				1,
				false,
				level,
			]);
			running.source().query(1, startUs);
			expect((await running.metrics()).value("dnstt_queries_total", domain)).toBe(1);
			expect((await running.get("/-/ready")).status).toBe(200);
		},
	);

	test("to another interface leaves the series of the old one as they are", async () => {
		await using running = await start(configOf({ ...free, "capture.interface": "eth0" }));
		running.source().query(1, startUs);
		await running.exporter.reload(configOf({ ...free, "capture.interface": "eth1" }));
		running.clock.nowUs += second;
		running.source().query(2, startUs + second);
		running.source().query(3, startUs + second);
		const samples = await running.metrics();
		const received = ["eth0", "eth1"].map((name) =>
			samples.value("dnstt_exporter_packets_received_total", { interface: name }),
		);
		expect(received).toEqual([1, 2]);
		expect(samples.value("dnstt_exporter_capture_up", { interface: "eth0" })).toBeUndefined();
		expect(samples.value("dnstt_exporter_capture_up", { interface: "eth1" })).toBe(1);
	});

	test("while the capture is closed takes another interface, whether it is there or not", async () => {
		await using running = await start(configOf({ ...free, "capture.interface": "eth0" }));
		running.refusing.next = true;
		await running.breaks();
		await running.exporter.reload(configOf({ ...free, "capture.interface": "eth1" }));
		running.refusing.next = false;
		while (running.opened.length < 2) await Bun.sleep(10);
		expect(running.opened.at(-1)?.options.interfaceName).toBe("eth1");
	});

	test("while the capture is closed opens it for other ports, and counts what comes to those", async () => {
		await using running = await start();
		running.refusing.next = true;
		await running.breaks();
		running.refusing.next = false;
		await running.exporter.reload(configOf({ ...free, "dnstt.port": "5353" }));
		running.source().query(1, startUs, 5353);
		running.source().query(2, startUs, 5353);
		running.source().query(3, startUs, 53);
		expect((await running.metrics()).value("dnstt_queries_total", domain)).toBe(2);
	});

	test("counts what the capture held when it was opened anew", async () => {
		await using running = await start();
		running.source().query(1, startUs);
		await running.exporter.reload(configOf({ ...free, "dnstt.port": "5353" }));
		expect((await running.metrics()).value("dnstt_queries_total", domain)).toBe(1);
	});

	test("leaves the capture open when nothing of it changed, and tells when it was", async () => {
		await using running = await start();
		running.clock.nowUs = startUs + 5_000_000;
		running.exporter.reloadFailed();
		const failed = await running.metrics();
		const values = (samples: Samples) =>
			["successful", "success_timestamp_seconds"].map((what) =>
				samples.value(`dnstt_exporter_config_last_reload_${what}`),
			);
		expect(values(failed)).toEqual([0, startUs / 1e6]);
		await running.exporter.reload(configOf({ ...free, "log.level": "warn" }));
		expect(values(await running.metrics())).toEqual([1, startUs / 1e6 + 5]);
		expect(running.opened).toHaveLength(1);
		expect(running.dependencies.log.level).toBe("warn");
	});

	test("is followed by the next at once, whose credentials stand", async () => {
		await using running = await start();
		const accounts = configOf({
			...free,
			"web.basic-auth": `ops:${await Bun.password.hash("x", { algorithm: "bcrypt", cost: 4 })}`,
		});
		await Promise.all([running.exporter.reload(accounts), running.exporter.reload(configOf(free))]);
		expect((await running.get("/metrics")).status).toBe(200);
		await Promise.all([running.exporter.reload(configOf(free)), running.exporter.reload(accounts)]);
		expect((await running.get("/metrics")).status).toBe(401);
	});

	test("of the password sends the viewers of /events away, another reload lets them stay", async () => {
		await using running = await start();
		const reader = (await running.get("/events")).body?.getReader();
		const ended = (async () => {
			while ((await reader?.read())?.done === false);
			return "ended";
		})();
		await running.exporter.reload(configOf({ ...free, "log.level": "warn" }));
		expect(await Promise.race([ended, Bun.sleep(50)])).toBeUndefined();
		await running.exporter.reload(
			configOf({
				...free,
				"web.basic-auth": `ops:${await Bun.password.hash("x", { algorithm: "bcrypt", cost: 4 })}`,
			}),
		);
		expect(await Promise.race([ended, Bun.sleep(2_000)])).toBe("ended");
		expect((await running.get("/events")).status).toBe(401);
	});

	test("says what waits for a restart, and keeps it as it was", async () => {
		await using running = await start();
		await running.exporter.reload(
			configOf({ ...free, "dnstt.domain": "other.example", "web.telemetry-path": "/elsewhere", "log.format": "json" }),
		);
		const line = JSON.parse(running.dependencies.logged.at(-1) ?? "");
		expect(line.applied).toBe("log.format");
		expect(line.needs_restart.split(",").toSorted()).toEqual(["dnstt.domain", "web.telemetry-path"]);
		expect((await running.get("/elsewhere")).status).toBe(404);
		running.source().query(1, startUs);
		expect((await running.metrics()).value("dnstt_queries_total", domain)).toBe(1);
	});
});

test("a certificate that is not valid yet, and one that ends within a week, is told of once", async () => {
	using folder = temporaryFolder();
	const { certificateFile, keyFile } = await makeCertificate(folder.path, "short");
	const config = configOf({ ...free, "web.tls.certificate-file": certificateFile, "web.tls.key-file": keyFile });
	await using running = await start(config);
	const told = async () => {
		// An answer serves all requests of a second.
		await Bun.sleep(1_100);
		await fetch(`${running.exporter.url}status.json`, { tls: { rejectUnauthorized: false } });
		return running.dependencies.logged.filter((line) => line.includes('"condition began" condition=certificate'));
	};
	expect(await told()).toEqual([expect.stringMatching(/level=warn .*problem=".*short\.crt is valid from /)]);
	running.clock.nowUs = Date.now() * 1_000;
	await running.exporter.reload(config);
	await running.exporter.reload(config);
	expect((await told()).slice(1)).toEqual([
		expect.stringMatching(/level=warn .*problem=".*short\.crt is valid up to /),
	]);
});

test("the metrics say when the certificate in use expires", async () => {
	using folder = temporaryFolder();
	const { certificateFile, keyFile } = await makeCertificate(folder.path, "short");
	const config = configOf({ ...free, "web.tls.certificate-file": certificateFile, "web.tls.key-file": keyFile });
	await using running = await start(config);
	const answer = await fetch(new URL("/metrics", running.exporter.url), { tls: { rejectUnauthorized: false } });
	const { validTo } = new X509Certificate(await Bun.file(certificateFile).text());
	const samples = parseExposition(await answer.text());
	expect(samples.value(catalog.certificateNotAfter.name)).toBe(Date.parse(validTo) / 1_000);
	await using plain = await start();
	expect((await plain.metrics()).value(catalog.certificateNotAfter.name)).toBeUndefined();
});

describe("an exporter that cannot start throws", () => {
	test("a GeoipError for a database, before anything is opened", async () => {
		using folder = temporaryFolder();
		await Bun.write(folder.file("cut.mmdb"), countryMmdb().subarray(0, 1000));
		let opened = 0;
		const open = () => {
			opened++;
			throw new CaptureError("opened");
		};
		const config = configOf({ ...free, "geoip.country-database": folder.file("cut.mmdb") });
		await expect(startExporter(config, createDependencies(), open)).rejects.toBeInstanceOf(GeoipError);
		expect(opened).toBe(0);
	});

	test("the CaptureError of the capture, with the port left free", async () => {
		const dependencies = createDependencies();
		const open = () => {
			throw new CaptureError("no permission");
		};
		await expect(startExporter(configOf(free), dependencies, open)).rejects.toThrow("no permission");
		expect(dependencies.logged).toEqual([]);
	});

	test("a WebError for a port in use, and closes the capture", async () => {
		await using running = await start();
		const { host } = new URL(running.exporter.url);
		const source = new FakeSource({ interfaceName: "any", ports: [53], bufferBytes: 1, promiscuous: false });
		const failing = startExporter(configOf({ "web.listen-address": host }), createDependencies(), () => source);
		await expect(failing).rejects.toBeInstanceOf(WebError);
		expect(source.closed).toBe(true);
	});
});

test("a configuration without a domain is refused before it comes here", () => {
	expect(() => configOf({ "dnstt.domain": "" })).toThrow(ConfigError);
});
