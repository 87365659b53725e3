import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { LinkType } from "../../src/capture/source.ts";
import { exporterCommand, startExporter } from "../support/exporter.ts";
import {
	base32,
	dnsttQuery,
	dnsttResponse,
	ethernetFrame,
	ipv4Packet,
	kcpCommands,
	kcpSegment,
	randomBytes,
	seededRandom,
	udpDatagram,
	udpPacket,
} from "../support/frames.ts";
import { asnMmdb, countryMmdb } from "../support/mmdb.ts";
import { haveNetns, makeNetwork, type Namespace, type Network } from "../support/netns.ts";
import { type CaptureRecord, writePcap } from "../support/pcapfile.ts";
import { ended, idle, runCommand, until } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** Addresses and client ids that nothing else in the outputs could contain by chance. */
const random = seededRandom(20_260);
const clientIds = Array.from({ length: 40 }, () => randomBytes(random, 8));
const resolvers4 = ["203.0.113.77", "198.51.100.201", "192.0.2.133"];
const resolvers6 = ["2001:db8:face:b00c::7777", "2001:db8:dead:beef::53"];
const server4 = "198.51.100.88";
const server6 = "2001:db8:5e17:e7::88";

/** Queries, responses, repeated queries, refused ones, fragments, broken frames: what reaches every branch that might report something. */
function traffic(): CaptureRecord[] {
	const records: CaptureRecord[] = [];
	const add = (packet: Uint8Array, direction: "in" | "out" = "in") => {
		records.push({ timeNs: BigInt(records.length) * 1_000_000n, bytes: ethernetFrame(packet, direction) });
	};
	for (const [index, clientId] of clientIds.entries()) {
		const is6 = index % 2 === 1;
		const resolvers = is6 ? resolvers6 : resolvers4;
		const resolver = resolvers[index % resolvers.length] ?? "";
		const server = is6 ? server6 : server4;
		const query = dnsttQuery({ clientId, id: index, packets: [randomBytes(random, 30)] });
		const there = { source: resolver, destination: server, sourcePort: 40_000 + index, destinationPort: 53 };
		const back = { source: server, destination: resolver, sourcePort: 53, destinationPort: 40_000 + index };
		add(udpPacket({ ...there, payload: query }));
		add(udpPacket({ ...back, payload: dnsttResponse(query, [randomBytes(random, 60)]) }), "out");
		add(udpPacket({ ...there, payload: query }));
		add(udpPacket({ ...there, payload: dnsttQuery({ clientId, id: index, type: 1 }) }));
		add(udpPacket({ ...there, payload: query.subarray(0, query.length - 3) }));
		add(udpPacket({ ...there, payload: dnsttQuery({ clientId, id: index, domain: "elsewhere.example" }) }));
		if (!is6) {
			const datagram = udpDatagram({ ...there, payload: query });
			add(ipv4Packet({ source: resolver, destination: server, payload: datagram, moreFragments: true }));
			add(ipv4Packet({ source: resolver, destination: server, payload: datagram.subarray(0, 6) }));
		}
	}
	return records;
}

/** Every way in which an id or an address may be written, in lower case. */
function forbidden(): string[] {
	const words: string[] = [];
	for (const clientId of clientIds) {
		const bytes = Buffer.from(clientId);
		words.push(
			bytes.toString("hex"),
			base32(clientId).toLowerCase().slice(0, 12),
			bytes.toString("base64").slice(0, 10),
		);
		words.push(
			bytes.readBigUInt64BE().toString(),
			bytes.readBigUInt64LE().toString(),
			bytes.join(","),
			bytes.join(", "),
		);
	}
	for (const address of [...resolvers4, server4]) {
		const parts = address.split(".").map(Number);
		const number = parts.reduce((sum, part) => sum * 256 + part, 0);
		words.push(address, String(number), `0x${number.toString(16)}`, parts.join(","), parts.join(", "));
	}
	for (const address of [...resolvers6, server6]) words.push(address, address.split(":").slice(0, 4).join(":"));
	return words.map((word) => word.toLowerCase());
}

const words = forbidden();

/** Fails with the words that a text gives away. */
function expectNone(what: string, text: string): void {
	const lower = text.toLowerCase();
	expect({ what, given: words.filter((word) => lower.includes(word)) }).toEqual({ what, given: [] });
}

const folder = temporaryFolder();
const path = folder.file("traffic.pcap");
beforeAll(async () => {
	await Bun.write(path, writePcap({ linkType: LinkType.EN10MB, records: traffic() }));
	await Bun.write(folder.file("country.mmdb"), countryMmdb());
	await Bun.write(folder.file("asn.mmdb"), asnMmdb());
});
afterAll(() => folder[Symbol.dispose]());

const debug = ["--dnstt.domain=t.example.com", "--log.level=debug"];

test("the search finds what it is for", () => {
	const [clientId = new Uint8Array()] = clientIds;
	for (const text of [`session=${Buffer.from(clientId).toString("hex").toUpperCase()}`, "peer=203.0.113.77:53"])
		expect(() => expectNone("a log line", text)).toThrow();
});

describe("no client id and no address in", () => {
	test.each(["text", "json", "prometheus"])("a report as %s", async (format) => {
		const words = [
			"inspect",
			...debug,
			`--format=${format}`,
			"--geoip.country-database",
			folder.file("country.mmdb"),
			...["--geoip.asn-database", folder.file("asn.mmdb")],
			path,
		];
		const { code, stdout, stderr } = await runCommand([...exporterCommand(), ...words]);
		expect(code).toBe(0);
		expect(stdout).toContain("40");
		expectNone("stdout", stdout);
		expectNone("stderr", stderr);
	});

	test("what discover finds", async () => {
		const segment = kcpSegment({ command: kcpCommands.push, data: randomBytes(random, 20) });
		const records = clientIds.map((clientId, index) => ({
			timeNs: BigInt(index) * 1_000_000n,
			bytes: ethernetFrame(
				udpPacket({
					...{ source: resolvers4[index % 3] ?? "", destination: server4 },
					...{ sourcePort: 40_000 + index, destinationPort: 53 },
					payload: dnsttQuery({ clientId, id: index, packets: [segment] }),
				}),
			),
		}));
		await Bun.write(folder.file("data.pcap"), writePcap({ linkType: LinkType.EN10MB, records }));
		const { code, stdout, stderr } = await runCommand([...exporterCommand(), "discover", folder.file("data.pcap")]);
		expect([code, JSON.parse(stdout).dnstt.domain]).toEqual([0, ["t.example.com"]]);
		expect(stderr).toContain("40");
		expectNone("stdout", stdout);
		expectNone("stderr", stderr);
	});

	test("the complaint about a capture that breaks off, or whose bytes are anything", async () => {
		const whole = await Bun.file(path).bytes();
		for (const cut of [whole.length - 5, 24, 30, 100]) {
			await Bun.write(folder.file("cut.pcap"), whole.subarray(0, cut));
			const { stdout, stderr } = await runCommand([...exporterCommand(), "inspect", ...debug, folder.file("cut.pcap")]);
			expectNone("stdout", stdout);
			expectNone("stderr", stderr);
		}
	});

	// At SIGSEGV amid WebAssembly the runtime throws, as for an access to null there: a trace in place of its report of a crash.
	test.each(["ABRT", "SEGV"])("what SIG%s leaves of a report that is being made", async (signal) => {
		// Five million frames keep it busy until the signal comes.
		const records = traffic();
		const many = Array.from({ length: 400 }, () => records).flat();
		await Bun.write(folder.file("long.pcap"), writePcap({ linkType: LinkType.EN10MB, records: many }));
		const { code, stdout, stderr } = await runCommand([
			...["timeout", `--signal=${signal}`, "0.4", ...exporterCommand(), "inspect", ...debug],
			...Array.from({ length: 50 }, () => folder.file("long.pcap")),
		]);
		expect(code).not.toBe(0);
		expectNone("stdout", stdout);
		expectNone("stderr", stderr);
	});
});

describe.skipIf(!haveNetns())("no client id and no address from the running exporter", () => {
	let network: Network;
	let server: Namespace;
	let resolver: Namespace;
	beforeAll(() => {
		network = makeNetwork();
		server = network.namespace("server");
		resolver = network.namespace("resolver");
		network.veth({ namespace: server, interfaceName: "tunnel0" }, { namespace: resolver, interfaceName: "wan0" });
	});
	afterAll(() => network?.remove());

	const flags = [...debug, "--capture.interface=tunnel0"];

	async function fed(more: readonly string[] = []) {
		const exporter = await startExporter({ flags: [...flags, ...more], namespace: server });
		await resolver.sendCapture(path, "wan0");
		await exporter.metricsWhen((read) => read.sum("dnstt_queries_total") >= 80);
		return exporter;
	}

	test("in its metrics, pages, errors and log", async () => {
		await using exporter = await fed(["--log.format=json"]);
		for (const page of ["/metrics", "/", "/-/ready", "/-/healthy", "/nowhere", "/api/status", "/events"]) {
			const response = await exporter.get(page, ["--max-time", "2", "--no-fail"]).catch(() => null);
			if (response === null) continue; // An endless answer.
			expectNone(page, `${[...response.headers].join("\n")}\n${await response.text()}`);
		}
		process.kill(exporter.pid, "SIGHUP");
		server.ip("link", "set", "tunnel0", "down");
		await until(
			() => (exporter.stderr().includes("capture failed") ? true : undefined),
			() => "the log tells the loss",
		);
		server.ip("link", "set", "tunnel0", "up");
		await exporter.stop();
		expectNone("stdout", exporter.stdout());
		expectNone("stderr", exporter.stderr());
	});

	test("in what the demo prints, whose client ids are fresh: nothing that looks like one", async () => {
		const { code, stdout, stderr } = await ended(
			server.spawn([...exporterCommand(), "demo", "--seconds=3", "--log.level=debug"]),
		);
		expect(code).toBe(0);
		expect(stdout).toMatch(/ [1-9][\d.]* queries\/s/);
		for (const text of [stdout, stderr])
			expect(text).not.toMatch(/\b(?:[0-9a-f]{16}|(?=\w*[2-7])(?:[a-z2-7]{13,}|[A-Z2-7]{13,}))\b/);
	});

	test.each(["SIGABRT", "SIGSEGV", "SIGBUS", "SIGILL", "SIGQUIT", "SIGTRAP"] as const)(
		"in what it prints and leaves behind when %s ends it",
		async (signal) => {
			await using exporter = await fed();
			await idle(exporter.pid); // Amid WebAssembly, as when frames are observed, SIGSEGV and SIGBUS are thrown.
			const { code, stdout, stderr } = await exporter.stop(signal);
			expect(code).toBeGreaterThan(128);
			expectNone("stdout", stdout);
			expectNone("stderr", stderr);
		},
	);
});
