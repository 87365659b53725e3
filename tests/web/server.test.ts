import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, writeFileSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { createApp } from "../../src/web/app.ts";
import type { CertificateFiles } from "../../src/web/certificate.ts";
import { WebError } from "../../src/web/error.ts";
import { connectionsMax, type ServerOptions, startServer, type WebServer } from "../../src/web/server.ts";
import { until } from "../support/process.ts";
import { makeCertificate, makeFolder } from "./certificates.ts";

const exposition = "# TYPE dnstt_queries_total counter\ndnstt_queries_total 1\n";
const loopback = { host: "127.0.0.1", port: 0 };

const started: WebServer[] = [];
afterEach(async () => {
	await Promise.all(started.splice(0).map((server) => server.stop()));
});

async function serve(options: Partial<ServerOptions> = {}, render = async () => exposition): Promise<WebServer> {
	const app = createApp({
		version: "1.2.3",
		telemetryPath: "/metrics",
		render: async () => [new TextEncoder().encode(await render())],
		isReady: () => true,
		onFault: (path, error) => console.error(path, error),
	});
	const server = await startServer({
		listen: loopback,
		handler: app,
		onFlood: () => {
			throw new Error("no flood here");
		},
		...options,
	});
	started.push(server);
	return server;
}

const scrape = (server: WebServer, init: BunFetchRequestInit = {}) =>
	fetch(`${server.url}metrics`, { ...init, keepalive: false, tls: { rejectUnauthorized: false } });

/** Sends bytes as they are and gives what comes back until the server closes. */
function exchange(port: number, request: string): Promise<string> {
	return new Promise((resolve, reject) => {
		let answer = "";
		const socket = connectTcp(port, "127.0.0.1", () => socket.write(request));
		socket.on("data", (data) => {
			answer += data.toString("latin1");
		});
		socket.on("close", () => resolve(answer)).on("error", reject);
	});
}

/** The common name of the certificate that a new connection is shown. */
function nameShown(port: number, options: { maxVersion?: "TLSv1.1" | "TLSv1.2" } = {}): Promise<string> {
	return new Promise((resolve, reject) => {
		const minVersion = options.maxVersion === undefined ? {} : { minVersion: "TLSv1" as const };
		const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false, ...minVersion, ...options }, () => {
			resolve(String(socket.getPeerCertificate().subject.CN));
			socket.destroy();
		});
		socket.on("error", reject);
	});
}

describe("over HTTP", () => {
	test("a scrape is answered, compressed for who wants it", async () => {
		const server = await serve({}, async () => exposition.repeat(100));
		const response = await scrape(server);
		expect(response.headers.get("content-encoding")).toBe("gzip");
		expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
		expect(await response.text()).toBe(exposition.repeat(100));
	});

	test("a large body arrives whole", async () => {
		const large = exposition.repeat(50_000);
		const server = await serve({}, async () => large);
		const plain = await scrape(server, { headers: { "accept-encoding": "identity" } });
		expect(plain.headers.get("content-encoding")).toBe(null);
		expect(await plain.text()).toBe(large);
		expect(await (await scrape(server)).text()).toBe(large);
	});

	test("an empty host serves IPv4 and, where the host has it, IPv6", async () => {
		const server = await serve({ listen: { host: "", port: 0 } });
		expect((await fetch(`http://127.0.0.1:${server.port}/metrics`)).status).toBe(200);
		if (networkInterfaces().lo?.some(({ family }) => family === "IPv6")) {
			expect((await fetch(`http://[::1]:${server.port}/metrics`)).status).toBe(200);
		}
	});

	test("the handler learns the client's address, and can keep an answer open", async () => {
		const seen: string[] = [];
		const handler: ServerOptions["handler"] = async (_request, { address, keepOpen }) => {
			keepOpen();
			seen.push(address);
			return new Response("");
		};
		await scrape(await serve({ handler }));
		expect(seen).toEqual(["127.0.0.1"]);
	});

	const rows: [string, string, string][] = [
		["HEAD gets no body", "HEAD /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "200 OK"],
		["a body is refused before it is read", "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n", "413 "],
		["a huge body is refused", "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", "413 "],
		["an endless body is refused", "POST /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", "413 "],
		["a long URL is refused", `GET /${"a".repeat(3000)} HTTP/1.1\r\nHost: x\r\n\r\n`, "414 "],
		["a huge URL is refused", `GET /${"a".repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, "431 "],
		["a huge header is refused", `GET / HTTP/1.1\r\nHost: x\r\nA: ${"a".repeat(20_000)}\r\n\r\n`, "431 "],
		["a host that is none is no matter", "GET /metrics HTTP/1.1\r\nHost: a b{}\r\nConnection: close\r\n\r\n", "200 "],
		["an empty host is no matter", "GET /metrics?a HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", "200 "],
		["no host is no matter to HTTP/1.0", "GET /metrics HTTP/1.0\r\n\r\n", "200 "],
		["a double slash finds nothing", "GET //metrics HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", "404 "],
		["TRACE is no method here", "TRACE /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "405 "],
		["two hosts are refused", "GET /metrics HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400 "],
		["the same host twice is refused", "GET /metrics HTTP/1.1\r\nHost: x\r\nhost: x\r\n\r\n", "400 "],
		["an empty host and another are refused", "GET /metrics HTTP/1.1\r\nHost:\r\nA: b\r\nHost: x\r\n\r\n", "400 "],
		["CONNECT is no method here", "CONNECT /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "405 "],
		["PROPFIND is no method here", "PROPFIND / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "405 "],
		["bytes of another protocol are refused", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "400 "],
	];
	test.each(rows)("%s", async (_title, request, status) => {
		const server = await serve();
		const answer = await exchange(server.port, request);
		expect(answer).toStartWith(`HTTP/1.1 ${status}`);
		expect(answer).not.toContain("Healthy");
		expect((await scrape(server)).status).toBe(200);
	});
});

describe("startServer refuses", () => {
	const failureOf = (options: Partial<ServerOptions>) => serve(options).catch((caught: unknown) => caught);

	test("a port that another server of ours has, with and without TLS", async () => {
		const { port } = await serve();
		const error = await failureOf({ listen: { ...loopback, port } });
		expect(error).toBeInstanceOf(WebError);
		expect(String(error)).toContain(
			`cannot listen on 127.0.0.1:${port}: the port is in use; see by whom with: ss -ltnp`,
		);
		expect(String(await failureOf({ listen: { ...loopback, port }, tls: one }))).toContain("the port is in use");
	});

	test("a port that a stranger has", async () => {
		const stranger = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
		expect(String(await failureOf({ listen: { ...loopback, port: stranger.port } }))).toContain("the port is in use");
		stranger.stop(true);
	});

	test("an address that this host does not have", async () => {
		expect(String(await failureOf({ listen: { host: "203.0.113.5", port: 0 } }))).toContain("no such address");
	});

	test("a certificate that does not fit its key, before it binds", async () => {
		expect(String(await failureOf({ tls: { ...one, keyFile: two.keyFile } }))).toContain(two.keyFile);
	});
});

const { folder, remove } = makeFolder();
let one: CertificateFiles;
let two: CertificateFiles;
let ofRsa: CertificateFiles;
beforeAll(async () => {
	[one, two, ofRsa] = await Promise.all([
		makeCertificate(folder, "one"),
		makeCertificate(folder, "two"),
		makeCertificate(folder, "rsa", ["-newkey", "rsa:2048"]),
	]);
});
afterAll(remove);

describe("over TLS", () => {
	const live: CertificateFiles = { certificateFile: join(folder, "live.crt"), keyFile: join(folder, "live.key") };
	function install(from: CertificateFiles) {
		copyFileSync(from.certificateFile, live.certificateFile);
		copyFileSync(from.keyFile, live.keyFile);
	}

	test("a scrape is answered, with TLS 1.2 too, and 1.1 is refused", async () => {
		const server = await serve({ tls: one });
		expect(server.url).toStartWith("https://");
		expect(await (await scrape(server)).text()).toBe(exposition);
		expect(await nameShown(server.port, { maxVersion: "TLSv1.2" })).toBe("one");
		expect(nameShown(server.port, { maxVersion: "TLSv1.1" })).rejects.toThrow();
	});

	test.each([
		["AES128-SHA", false],
		["AES128-GCM-SHA256", false],
		["ECDHE-RSA-AES128-SHA", false],
		["ECDHE-ECDSA-AES128-SHA", false],
		["ECDHE-ECDSA-AES128-GCM-SHA256", true],
		["ECDHE-ECDSA-CHACHA20-POLY1305", true],
		["ECDHE-RSA-AES256-GCM-SHA384", true],
		["ECDHE-RSA-CHACHA20-POLY1305", true],
	])("of TLS 1.2 only ciphers with forward secrecy and without CBC are taken: %s %p", async (cipher, isTaken) => {
		const server = await serve({ tls: cipher.includes("ECDSA") ? one : ofRsa });
		const words = ["s_client", "-connect", `127.0.0.1:${server.port}`, "-tls1_2", "-cipher", cipher];
		const { exited } = Bun.spawn(["openssl", ...words], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
		expect((await exited) === 0).toBe(isTaken);
	});

	test("a replaced certificate is served to new connections, and a request under way ends well", async () => {
		install(one);
		const told: (string | undefined)[] = [];
		let end: (text: string) => void = () => {};
		let rendering: () => void = () => {};
		const begun = new Promise<void>((resolve) => {
			rendering = resolve;
		});
		const server = await serve({ tls: live, onCertificate: (fault) => told.push(fault?.message) }, () => {
			rendering();
			return new Promise((resolve) => {
				end = resolve;
			});
		});
		const underWay = scrape(server);
		await begun;
		await server.reloadCertificate();
		expect(told).toEqual([]);
		install(two);
		await server.reloadCertificate();
		expect(told).toEqual([undefined]);
		for (let n = 0; n < 20; n++) expect(await nameShown(server.port)).toBe("two");
		end(exposition);
		expect(await (await underWay).text()).toBe(exposition);
		await server.reloadCertificate();
		expect(told).toEqual([undefined]);
	});

	test("a broken replacement keeps the old certificate and is told once, until it is mended", async () => {
		install(one);
		const told: (string | undefined)[] = [];
		const server = await serve({ tls: live, onCertificate: (fault) => told.push(fault?.message) });
		copyFileSync(two.certificateFile, live.certificateFile);
		await server.reloadCertificate();
		await server.reloadCertificate();
		expect(told.length).toBe(1);
		expect(told[0]).toContain("is not that of the first certificate");
		expect(await nameShown(server.port)).toBe("one");
		writeFileSync(live.certificateFile, "junk");
		await server.reloadCertificate();
		expect(told.length).toBe(2);
		expect(told[1]).toContain("live.crt holds no certificate");
		expect(await nameShown(server.port)).toBe("one");
		install(two);
		await server.reloadCertificate();
		expect(told.slice(2)).toEqual([undefined]);
		expect(await nameShown(server.port)).toBe("two");
	});
});

describe.skipIf(process.getuid?.() !== 0)("a server of the user nobody", () => {
	/** Runs these statements beside a server with the certificate one, which `install` replaces; gives what they print. */
	function asNobody(port: number, statements: string, before: string): string {
		chmodSync(folder, 0o755);
		const files = { certificateFile: join(folder, `${port}.crt`), keyFile: join(folder, `${port}.key`) };
		for (const path of Object.values(files)) writeFileSync(path, "");
		for (const path of [one, two].flatMap((pair) => Object.values(pair))) chmodSync(path, 0o644);
		for (const path of Object.values(files)) chmodSync(path, 0o666);
		const script = `
			import { startServer } from ${JSON.stringify(join(import.meta.dir, "../../src/web/server.ts"))};
			import { readFileSync, writeFileSync } from "node:fs";
			const tls = ${JSON.stringify(files)};
			const install = (from) => {
				writeFileSync(tls.certificateFile, readFileSync(from.certificateFile));
				writeFileSync(tls.keyFile, readFileSync(from.keyFile));
			};
			const becomeNobody = () => {
				process.setgid(65534);
				process.setuid(65534);
			};
			const steal = () => {
				for (const hostname of ["127.0.0.1", "0.0.0.0"]) {
					try {
						const { port } = server;
						Bun.serve({ hostname, port, reusePort: true, fetch: () => new Response("stolen") });
						console.log("stolen on", hostname);
					} catch {
						console.log("refused");
					}
				}
			};
			install(${JSON.stringify(one)});
			${before}
			const server = await startServer({
				listen: { host: "127.0.0.1", port: ${port} }, tls, onFlood() {},
				handler: async () => new Response("answered"), onCertificate: (fault) => console.log(fault?.message),
				onPort: (fault) => console.log("port:", fault?.message),
			});
			${statements}
			process.exit(0);`;
		const { stdout, stderr } = Bun.spawnSync([process.execPath, "-e", script]);
		return stdout.toString() + stderr.toString();
	}
	const ask = "console.log(await (await fetch(server.url, { tls: { rejectUnauthorized: false } })).text());";
	const replace = () => `install(${JSON.stringify(two)}); await server.reloadCertificate();`;

	test("shares its port with no other process of nobody, also when it was bound anew", () => {
		const printed = asNobody(0, `steal(); ${replace()} steal(); ${ask}`, "becomeNobody();");
		expect(printed).toBe("refused\nrefused\nundefined\nrefused\nrefused\nanswered\n");
	});

	test("tells when the rights to bind its port again are gone, once, and goes on trying", () => {
		const printed = asNobody(923, `becomeNobody(); ${replace()} await Bun.sleep(2500);`, "");
		const fault = "cannot listen on 127.0.0.1:923: permission denied; .*";
		expect(printed).toMatch(new RegExp(`^${fault}\nport: ${fault}\n$`));
	});
});

describe("stop", () => {
	test("ends within a second although requests and connections are open, and frees the port", async () => {
		const server = await serve({}, () => new Promise(() => {}));
		const idle = connectTcp(server.port, "127.0.0.1", () => idle.write("GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"));
		const slow = connectTcp(server.port, "127.0.0.1", () => slow.write("GET /metrics HTTP/1.1\r\nHost"));
		const gone = Promise.all(
			[idle, slow].map((socket) => new Promise((resolve) => socket.resume().once("close", resolve))),
		);
		const stuck = scrape(server).then(
			() => "answered",
			() => "cut",
		);
		await Bun.sleep(100);
		const start = performance.now();
		await server.stop();
		await gone;
		expect(performance.now() - start).toBeLessThan(1000);
		expect(await stuck).toBe("cut");
		await serve({ listen: { ...loopback, port: server.port } });
	});

	test("lets a request under way end, and then waits no longer", async () => {
		const server = await serve({}, async () => {
			await Bun.sleep(200);
			return exposition;
		});
		const underWay = scrape(server);
		await Bun.sleep(50);
		const start = performance.now();
		await server.stop();
		expect(performance.now() - start).toBeLessThan(400);
		expect(await (await underWay).text()).toBe(exposition);
	});
});

describe("connections that do nothing", () => {
	/** Runs hold-connections.ts until `work` is done; `work` gets how many connections are still open by asking. */
	async function whileHeld(
		counts: [port: number, idle: number, slow: number],
		work: (held: () => Promise<number>) => Promise<void>,
	) {
		const script = join(import.meta.dir, "hold-connections.ts");
		const client = Bun.spawn([process.execPath, script, ...counts.map(String)], { stdin: "pipe", stdout: "pipe" });
		const lines = client.stdout.pipeThrough(new TextDecoderStream()).getReader();
		try {
			expect((await lines.read()).value).toBe("open\n");
			await work(async () => {
				client.stdin.write("count\n");
				client.stdin.flush();
				return Number((await lines.read()).value);
			});
		} finally {
			client.kill();
			await client.exited;
		}
	}

	test("2,000 idle ones and 50 that drip their head do not hold up a scrape, nor are they cut", async () => {
		const server = await serve();
		await whileHeld([server.port, 2000, 50], async (held) => {
			// The kernel hands over a connection that sends nothing about a second late (TCP_DEFER_ACCEPT).
			await Bun.sleep(1500);
			const start = performance.now();
			expect(await (await scrape(server)).text()).toBe(exposition);
			expect(performance.now() - start).toBeLessThan(1000);
			expect(await held()).toBe(2050);
		});
	});

	test("more than the limit are all cut, which is told, and scrapes are answered again", async () => {
		const told: (string | undefined)[] = [];
		const server = await serve({ onFlood: (fault) => told.push(fault?.message) });
		await whileHeld([server.port, connectionsMax + 64, 0], async (held) => {
			await until(
				async () => (told.length > 0 && (await held()) < connectionsMax / 2 ? true : undefined),
				() => `the flood is told (${told.length}) and cut`,
			);
			expect(told).toEqual([undefined]);
			expect(await (await scrape(server)).text()).toBe(exposition);
		});
	});
});
