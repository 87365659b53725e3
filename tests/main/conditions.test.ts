/** Conditions of the executable: none where all is well, and real ones where a server stops, an interface goes down, a domain is wrong. */
import { describe, expect, test } from "bun:test";
import type { Report } from "../../src/commands/inspect/report.ts";
import type { Status } from "../../src/status/status.ts";
import type { ConditionId } from "../../src/summary/condition-texts.ts";
import { type Exporter, exporterCommand, inspectJson, startExporter } from "../support/exporter.ts";
import {
	dnsResponse,
	dnsttQuery,
	dnsttResponse,
	ethernetFrame,
	kcpCommands,
	kcpSegment,
	udpPacket,
} from "../support/frames.ts";
import { asnMmdb } from "../support/mmdb.ts";
import { haveNetns, makeNetwork, type Namespace, type Network } from "../support/netns.ts";
import type { CaptureRecord } from "../support/pcapfile.ts";
import { type Child, until } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { vaydnsQuery } from "../support/vaydns.ts";
import { capturePath } from "./captures.ts";

const domain = "t.example.com";

/** All of healthy tunnels; bent-queries holds queries that no client sends, and no response. */
const healthy: readonly (readonly [name: string, flags: readonly string[]])[] = [
	...["direct-ipv4", "any-sll2-ipv4", "unbound-0x20-ipv4"].map((name) => [name, ["--dnstt.domain", domain]] as const),
	...["a", "cname", "srv", "txt", "unbound-txt", "unbound-txt-id4-ipv6"].map((name) => {
		const type = name.replace("unbound-", "").replace(/-.*/, "");
		const size = name.includes("id4") ? "4" : "2";
		const flags = ["--vaydns.domain", domain, "--vaydns.record-type", type, "--vaydns.clientid-size", size];
		return [`vaydns/${name}`, flags] as const;
	}),
];

test.each(healthy)("nothing is wrong in the healthy capture %s", async (name, flags) => {
	const report = await inspectJson<Report>(capturePath(name), [...flags]);
	expect(report.domains[0]?.queries).toBeGreaterThan(200);
	expect(report.conditions).toEqual([]);
});

/** Of each what is wrong with it. */
const domains = {
	queriesOnly: "queries.example",
	responsesOnly: "responses.example",
	other: "other.example",
	unanswered: "unanswered.example",
	formErr: "formerr.example",
	mtu: "mtu.example",
	small: "small.example",
	truncated: "truncated.example",
	slow: "slow.example",
	far: "far.example",
	resent: "resent.example",
} as const;

interface Sent {
	readonly toServer: boolean;
	readonly payload: Uint8Array;
}

const client = (number: number) => ({ clientId: Uint8Array.of(0, 0, 0, 0, 0, 1, number >> 8, number & 255) });
const message = (way: "in" | "out", payload: Uint8Array): Sent => ({ toServer: way === "in", payload });
const times = (count: number, of: (index: number) => readonly Sent[]) =>
	Array.from({ length: count }, (_, index) => of(index)).flat();
/** No two have one name, as their padding is random, nor one DNS id while they wait. */
const asked = (domain: string, number: number, packets: readonly Uint8Array[] = [], ednsBytes = 4_096) => {
	const id = Object.values<string>(domains).indexOf(domain) * 1_000 + number;
	return dnsttQuery({ ...client(7), domain, id, ednsBytes, packets, padding: [Uint8Array.of(id >> 8, id & 255, 0)] });
};
/** A query and its response at once. */
const exchange = (query: Uint8Array, response = dnsttResponse(query, [])) => [
	message("in", query),
	message("out", response),
];
const push = (sequence: number, timestampMs = 0) =>
	kcpSegment({ conversation: 1, command: kcpCommands.push, sequence, timestampMs, data: new Uint8Array(10) });
const ack = (sequence: number) => kcpSegment({ conversation: 1, command: kcpCommands.ack, sequence, timestampMs: 0 });

function firstMessages(): Sent[] {
	return [
		// More clients than the table of sessions holds.
		...times(200, (id) => exchange(dnsttQuery({ ...client(1_000 + id), domain: domains.truncated, id: 30_000 + id }))),
		...times(20, (id) => [message("in", asked(domains.queriesOnly, id))]),
		...times(60, (id) => [message("out", dnsttResponse(asked(domains.responsesOnly, id), []))]),
		...times(20, (id) =>
			exchange(
				vaydnsQuery({ clientId: Uint8Array.of(1, 2), packets: [push(id)], domain: domains.other, id: 20_000 + id }),
			),
		),
		...times(60, (id) => exchange(asked(domains.unanswered, id)).slice(0, id % 3 === 0 ? 1 : 2)),
		...times(60, (id) => {
			const query = asked(domains.formErr, id);
			return exchange(query, dnsResponse(query, { rcode: 1 }));
		}),
		...times(20, (id) => exchange(asked(domains.mtu, id, [], 512))),
		...times(60, (id) => [message("in", asked(domains.small, id, [], 512))]),
		...times(60, (id) => {
			const query = asked(domains.truncated, id);
			return exchange(query, dnsResponse(query, { truncated: true }));
		}),
		...times(60, (id) => [message("in", asked(domains.slow, id))]),
		...times(60, (id) => {
			const query = asked(domains.far, id);
			return exchange(query, dnsttResponse(query, [push(id)]));
		}),
		...times(60, (id) => {
			const query = asked(domains.resent, id);
			return exchange(query, dnsttResponse(query, [push(id >> 1)]));
		}),
	];
}

function lateMessages(): Sent[] {
	return [
		...times(60, (id) => [message("out", dnsttResponse(asked(domains.slow, id), []))]),
		...times(60, (id) => exchange(asked(domains.far, 100 + id, [ack(id)]))),
	];
}

/** Frames of a resolver and the server. */
function framesOf(messages: readonly Sent[]): CaptureRecord[] {
	return messages.map(({ toServer, payload }) => {
		const [resolver, server] = ["203.0.113.7", "10.77.2.1"];
		const ends = toServer
			? { source: resolver, destination: server, sourcePort: 4_000, destinationPort: 53 }
			: { source: server, destination: resolver, sourcePort: 53, destinationPort: 4_000 };
		return { timeNs: 0n, bytes: ethernetFrame(udpPacket({ ...ends, payload }), toServer ? "in" : "out") };
	});
}

/** A host whose eth0 leads to clients; each test has its own, as they run at the same time: they mostly wait. */
function makeWorld() {
	const network: Network = makeNetwork();
	const host = network.namespace("host");
	const clients = network.namespace("clients");
	network.veth(
		{ namespace: host, interfaceName: "eth0", addresses: ["10.77.2.1/24"] },
		{ namespace: clients, interfaceName: "wan0", addresses: ["10.77.2.2/24"] },
	);
	const query = dnsttQuery({ clientId: Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 1), domain });
	const bytesOf = (bytes: Uint8Array) => `Buffer.from("${Buffer.from(bytes).toString("hex")}", "hex")`;
	const runScript = (namespace: Namespace, script: string): Child =>
		namespace.spawn([process.execPath, "-e", script], { env: { BUN_BE_BUN: "1" } });

	/** Answers each query at once. */
	const startServer = () =>
		runScript(
			host,
			`const answer = ${bytesOf(dnsttResponse(query, []))};
			await Bun.udpSocket({ hostname: "10.77.2.1", port: 53, socket: { data(socket, asked, port, address) {
				answer[0] = asked[0]; answer[1] = asked[1];
				socket.send(answer, port, address);
			} } });`,
		);
	/** Ten queries a second. */
	const startClient = () =>
		runScript(
			clients,
			`const query = ${bytesOf(query)};
			const socket = await Bun.udpSocket({ hostname: "10.77.2.2", socket: { error() {} } });
			let id = 0;
			setInterval(() => { query[0] = id >> 8; query[1] = id++; try { socket.send(query, 53, "10.77.2.1"); } catch {} }, 100);`,
		);

	const start = (more: readonly string[], port: number): Promise<Exporter> =>
		startExporter({
			flags: ["--capture.interface=eth0", ...more],
			namespace: host,
			listenAddress: `127.0.0.1:${port}`,
		});
	const conditions = async (exporter: Exporter) =>
		((await (await exporter.get("/status.json")).json()) as Status).conditions;
	const when = async (exporter: Exporter, ids: readonly string[], limitMs = 60_000) =>
		until(
			async () => {
				const found = (await conditions(exporter)).map(({ id }) => id as string);
				return JSON.stringify(found) === JSON.stringify(ids) ? true : undefined;
			},
			() => `${ids.join(", ") || "no condition"}: ${exporter.stderr()}`,
			limitMs,
		);
	const top = async (exporter: Exporter) => {
		const child = host.spawn([...exporterCommand(), "top", `--url=${exporter.url}`]);
		expect(await child.exited).toBe(0);
		return child.stdout();
	};
	return {
		host,
		clients,
		startServer,
		startClient,
		start,
		conditions,
		when,
		top,
		[Symbol.dispose]: () => network.remove(),
	};
}

describe.skipIf(!haveNetns())("live", () => {
	test.concurrent("a server that stops, a wrong domain and an interface that goes down are noticed, and that they are well again", async () => {
		using world = makeWorld();
		const { host, startServer, startClient, start, conditions, when, top } = world;
		let server = startServer();
		const client = startClient();
		await using exporter = await start(["--dnstt.domain", domain], 9_713);
		await using mistaken = await start(["--dnstt.domain", "wrong.example"], 9_714);
		expect(exporter.stderr()).toMatch(/msg="capture open" version=\S+ domains=t\.example\.com interface=eth0 ports=53/);
		await exporter.metricsWhen((samples) => samples.sum("dnstt_queries_total") > 20);
		await when(exporter, []);
		expect(await top(exporter)).toContain("● All is well");
		server.kill("SIGKILL");
		await when(exporter, ["server_silent"], 70_000);
		expect(await top(exporter)).toMatch(/● The server does not respond.*\n.*queries within .*, and no response\./);
		await until(
			() => /level=warn msg="condition began" condition=server_silent/.exec(exporter.stderr()) ?? undefined,
			() => exporter.stderr(),
		);

		expect((await conditions(mistaken))[0]).toMatchObject({
			id: "nothing_yet",
			sentence: expect.stringMatching(
				/^No query for wrong\.example on eth0, UDP port 53: [\d,]+ DNS messages were for other/,
			),
		});
		await until(
			() =>
				/level=warn msg="condition began" condition=nothing_yet .*wrong\.example/.exec(mistaken.stderr()) ?? undefined,
			() => mistaken.stderr(),
			60_000,
		);

		server = startServer();
		await until(
			() => /level=info msg="condition ended" condition=server_silent/.exec(exporter.stderr()) ?? undefined,
			() => exporter.stderr(),
			30_000,
		);
		// What was not answered meanwhile is of the last five minutes still.
		await when(exporter, ["unanswered"]);

		host.ip("link", "set", "eth0", "down");
		await when(exporter, ["capture_closed"]);
		expect((await conditions(exporter))[0]?.sentence).toMatch(/^The capture on eth0 is closed: .*eth0/);
		expect(await (await exporter.get("/")).text()).toContain('data-capture="closed"');
		expect(await top(exporter)).toContain("● The capture is closed");
		host.ip("link", "set", "eth0", "up");
		await when(exporter, ["unanswered"]);
		server.kill("SIGKILL");
		client.kill("SIGKILL");
	}, 180_000);

	test.concurrent("frames bring about each condition of the traffic, and a new file ends the old one's", async () => {
		using world = makeWorld();
		const { clients, start, when, top } = world;
		using folder = temporaryFolder();
		const database = folder.file("asn.mmdb");
		await Bun.write(database, asnMmdb({ buildEpochSeconds: Math.floor(Date.now() / 1_000) - 61 * 86_400 }));
		const flags = [
			`--dnstt.domain=${Object.values(domains).join(",")}`,
			...["--session.max-tracked=100", "--labels.max-sets=1", "--capture.buffer-size=1MiB", "--process.user=root"],
			`--geoip.asn-database=${database}`,
		];
		await using exporter = await start(flags, 9_716);
		await clients.sendFrames(framesOf(firstMessages()), "wan0", 2_000);
		// What is to come late.
		await Bun.sleep(2_500);
		await clients.sendFrames(framesOf(lateMessages()), "wan0", 2_000);
		process.kill(exporter.pid, "SIGSTOP");
		const flood = Array.from({ length: 20_000 }, () =>
			message("in", dnsttQuery({ ...client(1), domain: "x.example" })),
		);
		await clients.sendFrames(framesOf(flood), "wan0", "fastest");
		process.kill(exporter.pid, "SIGCONT");
		const expected: readonly ConditionId[] = [
			...(["queries_only", "responses_only", "other_tunnel", "unanswered", "formerr", "mtu_mismatch"] as const),
			...(["small_edns", "truncated", "slow_responses", "slow_round_trips", "retransmissions"] as const),
			...(["packets_dropped", "tables_full", "label_sets_full", "geoip_old"] as const),
		];
		await when(exporter, expected);
		const shown = await top(exporter);
		expect(shown).toContain(`● No response was ever captured – and ${expected.length - 1} more`);
		const lines = (what: string) =>
			[...exporter.stderr().matchAll(new RegExp(`msg="condition ${what}" condition=(\\w+)`, "g"))].map(([, id]) => id);
		await until(
			() => (expected.every((id) => lines("began").includes(id)) ? true : undefined),
			() => exporter.stderr(),
		);
		await Bun.write(database, asnMmdb({ buildEpochSeconds: Math.floor(Date.now() / 1_000) }));
		await when(
			exporter,
			expected.filter((id) => id !== "geoip_old"),
		);
		await until(
			() => (lines("ended").includes("geoip_old") ? true : undefined),
			() => exporter.stderr(),
		);
		expect(new Set(lines("began")).size).toBe(lines("began").length);
	}, 120_000);

	test.concurrent("nothing is wrong in the demo", async () => {
		using world = makeWorld();
		const { host } = world;
		const demo = host.spawn([...exporterCommand(), "demo", "--web.listen-address=127.0.0.1:9715"]);
		const status = async () => (await (await host.fetch("http://127.0.0.1:9715/status.json")).json()) as Status;
		await until(
			async () => ((await status().catch(() => null))?.total.queries ?? 0) > 500 || undefined,
			() => demo.stdout() + demo.stderr(),
			30_000,
		);
		const { conditions, recent } = await status();
		expect([conditions, recent.queries > 500]).toEqual([[], true]);
		expect(demo.stderr()).not.toContain("condition began");
		demo.kill("SIGTERM");
		await demo.exited;
	}, 60_000);
});
