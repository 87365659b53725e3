import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, readFileSync, renameSync } from "node:fs";
import { type Exporter, exporterCommand, type Samples, startExporter } from "../support/exporter.ts";
import { dnsttQuery, ethernetFrame, udpPacket } from "../support/frames.ts";
import { asnMmdb, countryMmdb, countryRecord, writeMmdb } from "../support/mmdb.ts";
import { haveNetns, makeNetwork, type Namespace, type Network } from "../support/netns.ts";
import { until } from "../support/process.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary.ts";

const domain = "t.example.com";
const reloadSuccessful = "dnstt_exporter_config_last_reload_successful";

describe.skipIf(!haveNetns())("a running exporter", () => {
	let network: Network;
	let host: Namespace;
	let folder: TemporaryFolder;
	let clients = 0;

	beforeAll(() => {
		network = makeNetwork();
		host = network.namespace("run");
		network.veth({ namespace: host, interfaceName: "eth0" }, { namespace: host, interfaceName: "wan0" });
		folder = temporaryFolder();
		// An exporter that is no longer root reads its files again.
		chmodSync(folder.path, 0o755);
	});
	afterAll(() => {
		network?.remove();
		folder?.[Symbol.dispose]();
	});

	const start = (flags: readonly string[]) =>
		startExporter({ flags: [...flags, "--capture.interface=eth0"], namespace: host });

	/** Sends one query of a new client. */
	async function sendQuery(source = "192.0.2.1", port = 53): Promise<void> {
		const payload = dnsttQuery({ clientId: Uint8Array.of(0, 0, 0, 0, 0, 0, 1, clients++), domain });
		const packet = udpPacket({
			...{ source, destination: "198.51.100.9", payload },
			...{ sourcePort: 4000, destinationPort: port },
		});
		await host.sendFrames([{ timeNs: 0n, bytes: ethernetFrame(packet) }], "wan0");
	}

	function reload(exporter: Exporter): void {
		process.kill(exporter.pid, "SIGHUP");
	}

	function logged(exporter: Exporter, pattern: RegExp): Promise<string> {
		return until(
			() => pattern.exec(exporter.stderr())?.[0],
			() => `${pattern} in ${exporter.stderr()}`,
		);
	}

	const queries = (samples: Samples) => samples.sum("dnstt_queries_total");

	test.each(["SIGTERM", "SIGINT"] as const)("ends with 0 within a second of %s", async (signal) => {
		await using exporter = await start(["--dnstt.domain", domain]);
		await exporter.metrics();
		const { code, tookMs, stderr } = await exporter.stop(signal);
		expect(code).toBe(0);
		expect(tookMs).toBeLessThan(1000);
		expect(stderr).toContain(`signal=${signal}`);
	});

	test.each([
		[":9713", [], true],
		["[::]:9713", [], true],
		["127.0.0.1:9713", [], false],
		[":9713", ["--web.basic-auth", `ops:$2b$04$${"a".repeat(53)}`], false],
	])("on %s with %j it warns that the world sees the tunnel: %p", async (listenAddress, flags, warns) => {
		const child = host.spawn([
			...[...exporterCommand(), "--dnstt.domain", domain, "--capture.interface=eth0"],
			...["--web.listen-address", listenAddress, ...flags],
		]);
		await until(() => (child.stderr().includes('msg="serving"') ? true : undefined), child.stderr);
		child.kill("SIGTERM");
		expect(await child.exited).toBe(0);
		expect(child.stderr().includes("everyone who reaches the port sees that a tunnel runs here")).toBe(warns);
	});

	test("heeds signals while it starts: no reload kills it, and it ends with 0", async () => {
		const child = host.spawn([...exporterCommand(), "--dnstt.domain", domain, "--capture.interface=eth0"]);
		/** Whether the kernel would hand it SIGTERM (15) instead of killing it: see SigCgt in proc(5). */
		const catches = () => {
			const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1] ?? "0";
			return (BigInt(`0x${caught}`) & (1n << 14n)) !== 0n;
		};
		while (!catches()) await Bun.sleep(1);
		await Bun.sleep(4);
		expect(child.stderr()).not.toContain("serving");
		for (const signal of ["SIGHUP", "SIGTERM"] as const) child.kill(signal);
		expect(await child.exited).toBe(0);
	});

	test("has little compiled before it serves, and what runs often afterwards", async () => {
		// The runtime then reports each function that it compiles: some 120 by a start with its own bounds.
		const env = { BUN_JSC_reportCompileTimes: "1" };
		await using exporter = await startExporter({
			flags: ["--dnstt.domain", domain, "--capture.interface=eth0"],
			namespace: host,
			env,
		});
		const compiled = () => `${exporter.stdout()}${exporter.stderr()}`.match(/^Optimized /gm)?.length ?? 0;
		expect(compiled()).toBeLessThan(60);
		// With the bounds of the start these scrapes have some 50 compiled.
		await Bun.sleep(200);
		for (let scrape = 0; scrape < 20; scrape++) await exporter.metrics();
		await until(
			() => (compiled() > 120 ? true : undefined),
			() => `${compiled()} functions were compiled`,
			2_000,
		);
	});

	test("ends within a second while a client sits on a connection", async () => {
		await using exporter = await start(["--dnstt.domain", domain]);
		const script = "exec 3<>/dev/tcp/127.0.0.1/9713; printf 'GET / HTTP/1.1\\r\\n' >&3; echo open; sleep 20";
		const silent = host.spawn(["bash", "-c", script]);
		await until(() => (silent.stdout() === "open\n" ? true : undefined), silent.stderr);
		const { code, tookMs } = await exporter.stop();
		silent.kill("SIGKILL");
		expect(code).toBe(0);
		expect(tookMs).toBeLessThan(1000);
	});

	test("serves a landing page, health and readiness, 404 elsewhere and 405 for other methods", async () => {
		await using exporter = await start(["--dnstt.domain", domain]);
		const answers = async (path: string, ...curl: string[]) => {
			const response = await exporter.get(path, curl);
			return [response.status, (response.headers.get("content-type") ?? "").split(";")[0]];
		};
		expect(await answers("/")).toEqual([200, "text/html"]);
		expect(await (await exporter.get("/")).text()).toContain('href="/metrics"');
		expect(await answers("/metrics")).toEqual([200, "text/plain"]);
		expect(await answers("/-/healthy")).toEqual([200, "text/plain"]);
		expect(await answers("/-/ready")).toEqual([200, "text/plain"]);
		for (const path of ["/metrics/", "/index.html", "/-/", "/-/reload", "//"]) {
			expect([path, (await answers(path))[0]]).toEqual([path, 404]);
		}
		for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
			const response = await exporter.get("/metrics", ["--request", method]);
			expect([method, response.status, response.headers.get("allow")]).toEqual([method, 405, "GET, HEAD"]);
		}
	});

	test("is not ready while its interface is down, and captures again when it is up", async () => {
		await using exporter = await start(["--dnstt.domain", domain]);
		await sendQuery();
		await exporter.metricsWhen((read) => queries(read) === 1);
		host.ip("link", "set", "eth0", "down");
		await until(
			async () => ((await exporter.get("/-/ready")).status === 503 ? true : undefined),
			() => "503 from /-/ready",
		);
		const labels = { interface: "eth0" };
		expect((await exporter.metrics()).value("dnstt_exporter_capture_up", labels)).toBe(0);
		expect((await exporter.get("/-/healthy")).status).toBe(200);
		host.ip("link", "set", "eth0", "up");
		await exporter.metricsWhen((read) => read.value("dnstt_exporter_capture_up", labels) === 1);
		await sendQuery();
		const samples = await exporter.metricsWhen((read) => queries(read) === 2);
		expect(samples.value("dnstt_exporter_capture_reopened_total", labels)).toBe(1);
		expect((await exporter.get("/-/ready")).status).toBe(200);
	});

	test("applies a changed file upon SIGHUP: port, log level and accounts", async () => {
		const path = folder.file("config.json");
		const write = (config: object) => Bun.write(path, JSON.stringify(config));
		await write({ dnstt: { domain, port: 53 }, log: { level: "error" } });
		await using exporter = await start(["--config.file", path]);
		await sendQuery();
		await exporter.metricsWhen((read) => queries(read) === 1);
		expect(exporter.stderr()).toBe("");

		const hash = await Bun.password.hash("secret", { algorithm: "bcrypt", cost: 4 });
		await write({
			dnstt: { domain, port: [5353] },
			log: { level: "info", format: "json" },
			web: { "basic-auth": { ops: hash }, "telemetry-path": "/elsewhere" },
		});
		reload(exporter);
		const line = await logged(exporter, /.*configuration reloaded.*/);
		const { applied, needs_restart } = JSON.parse(line);
		expect(applied.split(",").toSorted()).toEqual(["dnstt.port", "log.format", "log.level", "web.basic-auth"]);
		expect(needs_restart).toBe("web.telemetry-path");
		expect((await exporter.get("/metrics")).status).toBe(401);
		expect((await exporter.get("/metrics", ["--user", "ops:wrong"])).status).toBe(401);
		expect((await exporter.get("/metrics", ["--user", "ops:secret"])).status).toBe(200);

		await write({ dnstt: { domain, port: [5353] } });
		reload(exporter);
		await until(
			async () => ((await exporter.get("/metrics")).status === 200 ? true : undefined),
			() => "no more accounts",
		);
		await sendQuery("192.0.2.1", 53); // No longer watched.
		await sendQuery("192.0.2.1", 5353);
		const samples = await exporter.metricsWhen((read) => queries(read) >= 2);
		expect(queries(samples)).toBe(2);
		expect(samples.value(reloadSuccessful)).toBe(1);
		expect(samples.sum("dnstt_exporter_malformed_packets_total")).toBe(0);
	});

	test("keeps what it has upon SIGHUP with a bad file, says why and shows it until a good one comes", async () => {
		const path = folder.file("bad.json");
		const good = JSON.stringify({ dnstt: { domain } });
		await Bun.write(path, good);
		await using exporter = await start(["--config.file", path]);
		const loaded = "dnstt_exporter_config_last_reload_success_timestamp_seconds";
		const before = await exporter.metrics();
		expect(before.value(reloadSuccessful)).toBe(1);
		for (const [content, complaint] of [
			['{ "dnstt": { "domain": ["t.example.com"], "prot": 5353 } }', /dnstt\.prot: no such key/],
			['{ "dnstt": ', /bad\.json:1:\d+/],
		] as const) {
			await Bun.write(path, content);
			reload(exporter);
			await logged(exporter, complaint);
			const samples = await exporter.metricsWhen((read) => read.value(reloadSuccessful) === 0);
			expect(samples.value(loaded)).toBe(before.value(loaded) ?? Number.NaN);
		}
		expect(exporter.stderr()).toMatch(/level=error msg="configuration not reloaded, keeping the old one"/);
		await sendQuery();
		await exporter.metricsWhen((read) => queries(read) === 1);
		await Bun.write(path, good);
		reload(exporter);
		const after = await exporter.metricsWhen((read) => read.value(reloadSuccessful) === 1);
		expect(after.value(loaded)).toBeGreaterThan(before.value(loaded) ?? Number.NaN);
	});

	test("takes a replaced database by itself, and counts a broken one that it does not take", async () => {
		const country = folder.file("country.mmdb");
		const replace = async (bytes: Uint8Array) => {
			await Bun.write(`${country}.new`, bytes);
			renameSync(`${country}.new`, country);
		};
		const moved = writeMmdb([["192.0.2.0/24", countryRecord("PT")]], {
			...{ databaseType: "GeoLite2-Country", buildEpochSeconds: 1_800_000_000 },
		});
		await replace(countryMmdb());
		await Bun.write(folder.file("asn.mmdb"), asnMmdb());
		await using exporter = await start([
			...[
				"--dnstt.domain",
				domain,
				"--geoip.country-database",
				country,
				"--geoip.asn-database",
				folder.file("asn.mmdb"),
			],
		]);
		const buildTime = "dnstt_exporter_geoip_database_build_timestamp_seconds";
		const countryLabels = { database: "country", type: "GeoLite2-Country" };
		const count = (samples: Samples, what: string, database: string) =>
			samples.value(`dnstt_exporter_geoip_${what}_total`, { database });
		await sendQuery();
		const first = await exporter.metricsWhen((read) => queries(read) === 1);
		expect(first.value("dnstt_queries_total", { domain, country: "DE", asn: "64496" })).toBe(1);
		expect(first.value(buildTime, countryLabels)).toBe(1_767_323_045);

		// SIGHUP looks at once.
		await replace(countryMmdb().subarray(0, 3000));
		reload(exporter);
		const broken = await exporter.metricsWhen((read) => count(read, "reload_failures", "country") === 1);
		expect(broken.value(buildTime, countryLabels)).toBe(1_767_323_045);
		expect(exporter.stderr()).toMatch(/level=(warn|error) msg=".*country\.mmdb/);
		await sendQuery();
		const kept = await exporter.metricsWhen((read) => queries(read) === 2);
		expect(kept.value("dnstt_queries_total", { domain, country: "DE", asn: "64496" })).toBe(2);

		// Without a signal it looks every 10 s.
		await replace(moved);
		const taken = await exporter.metricsWhen((read) => count(read, "reloads", "country") === 1, 12_000);
		expect(taken.value(buildTime, countryLabels)).toBe(1_800_000_000);
		expect(count(taken, "reloads", "asn")).toBe(0);
		await sendQuery();
		const last = await exporter.metricsWhen((read) => queries(read) === 3);
		expect(last.value("dnstt_queries_total", { domain, country: "PT", asn: "64496" })).toBe(1);
		expect(last.value("dnstt_queries_total", { domain, country: "DE", asn: "64496" })).toBe(2);
	});

	test.each([
		["nobody reads its log any more", "2> >(exec true)"],
		["its log is on a full disk", "2> /dev/full"],
		["its log is closed", "2>&-"],
	])("goes on when %s", async (_, redirection) => {
		const command = ["bash", "-c", `exec ${redirection}; exec "$@"`, "bash", ...exporterCommand()];
		await using exporter = await startExporter({
			...{ flags: ["--dnstt.domain", domain, "--capture.interface=eth0"], namespace: host, command },
		});
		const loaded = "dnstt_exporter_config_last_reload_success_timestamp_seconds";
		const before = (await exporter.metrics()).value(loaded) ?? Number.NaN;
		reload(exporter);
		await exporter.metricsWhen((read) => (read.value(loaded) ?? 0) > before);
		await sendQuery();
		await exporter.metricsWhen((read) => queries(read) === 1);
		expect((await exporter.stop()).code).toBe(0);
	});

	test("logs no address and no client id, whatever comes", async () => {
		await using exporter = await start(["--dnstt.domain", domain, "--log.level=debug"]);
		await sendQuery("203.0.113.77");
		const broken = udpPacket({
			...{ source: "203.0.113.77", destination: "198.51.100.9", payload: Uint8Array.of(1, 2, 3) },
			...{ sourcePort: 4000, destinationPort: 53 },
		});
		await host.sendFrames([{ timeNs: 0n, bytes: ethernetFrame(broken) }], "wan0");
		await exporter.metricsWhen(
			(read) => queries(read) === 1 && read.sum("dnstt_exporter_malformed_packets_total") === 1,
		);
		const { stdout, stderr } = await exporter.stop();
		expect(stdout).toBe("");
		expect(stderr).toContain("capture open");
		expect(stderr).not.toMatch(/203\.0\.113|198\.51\.100|0000000001/);
	});
});
