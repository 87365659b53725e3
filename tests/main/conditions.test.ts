/** Conditions of the executable: none where all is well, and real ones where a server stops, an interface goes down, a domain is wrong. */
import { describe, expect, test } from "bun:test";
import { appendFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Report } from "../../src/commands/inspect/report.ts";
import type { Status } from "../../src/status/status.ts";
import { type ConditionId, conditionTexts } from "../../src/summary/condition-texts.ts";
import { startAnswering, startAsking } from "../support/exchange.ts";
import {
	type Exporter,
	type ExporterOptions,
	exporterCommand,
	inspectJson,
	startExporter,
} from "../support/exporter.ts";
import { dnsttQuery, dnsttResponse } from "../support/frames.ts";
import { asnMmdb } from "../support/mmdb.ts";
import { haveNetns, makeNetwork, type Namespace, type Network, type SendRate } from "../support/netns.ts";
import { ended, until } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { makeCertificate, renewCertificate } from "../web/certificates.ts";
import { capturePath } from "./captures.ts";
import {
	domains,
	firstMessages,
	framesOf,
	healthyMessages,
	lateMessages,
	type Sent,
	strayMessages,
	unansweredQueries,
} from "./condition-traffic.ts";

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
	return {
		host,
		startServer: () => startAnswering(host, "10.77.2.1", 53, dnsttResponse(query, [])),
		startClient: () => startAsking(clients, "10.77.2.2", "10.77.2.1", 53, query),
		send: (messages: readonly Sent[], rate: SendRate = 2_000) => clients.sendFrames(framesOf(messages), "wan0", rate),
		watch: async (options: Pick<ExporterOptions, "flags" | "listenAddress" | "caFile">) =>
			watched(host, await startExporter({ ...options, command: forwardedExporter, namespace: host }), options.caFile),
		[Symbol.dispose]: () => network.remove(),
	};
}

/** The exporter with a clock that is moved forward, so that nothing waits for five minutes. */
const forwardedExporter = [
	process.execPath,
	"--preload",
	resolve(import.meta.dir, "../support/forward-clock.ts"),
	resolve(import.meta.dir, "../../src/main.ts"),
];

/** An exporter, and what of its conditions is seen in the status, in `top` and in the log. */
function watched(host: Namespace, exporter: Exporter, caFile?: string) {
	const status = async () => (await (await exporter.get("/status.json")).json()) as Status;
	const conditions = async () => (await status()).conditions;
	/** The first status that is made from now on: one serves all who ask within a second. */
	async function look(): Promise<Status> {
		const start = new Date().toISOString();
		return until(
			async () => {
				const now = await status();
				return now.time > start ? now : undefined;
			},
			() => "a new status",
		);
	}
	const trust = caFile === undefined ? [] : [`--ca-file=${caFile}`];
	/** The state line of `top`, and the titles of its conditions. */
	const top = async () => {
		const child = host.spawn([...exporterCommand(), "top", `--url=${exporter.url}`, ...trust]);
		const { code, stdout, stderr } = await ended(child);
		if (code !== 0) throw new Error(`top: ${stderr}`);
		const titles = [...stdout.matchAll(/^ {2}! ([^.]+?)(?: \(since [^)]+\))?\. /gm)].map(([, title]) => title);
		return { state: /^ ● (.*?)(?: {2,}|$)/m.exec(stdout)?.[1], titles };
	};
	const logged = (what: "began" | "ended", id: ConditionId) =>
		[...exporter.stderr().matchAll(/^.*$/gm)]
			.map(([line]) => line)
			.filter((line) => line.includes(`msg="condition ${what}" condition=${id} `));
	return {
		exporter,
		conditions,
		look,
		/** Moves the clock forward twice: the first look afterwards is what the window of the second begins at. */
		async forward() {
			for (let step = 0; step < 2; step++) {
				const { started } = await look();
				process.kill(exporter.pid, "SIGUSR2");
				await until(
					async () => ((await look()).started < started ? true : undefined),
					() => "the clock's step in the status",
				);
			}
		},
		/** Waits until these conditions, the worst first, and no others are in the status, and sees the same in `top`. */
		async shows(ids: readonly ConditionId[]) {
			let now: readonly ConditionId[] = [];
			await until(
				async () => {
					now = (await conditions()).map(({ id }) => id);
					return JSON.stringify(now) === JSON.stringify(ids) ? true : undefined;
				},
				() => `conditions ${ids.join(", ")}; there are ${now.join(", ")}: ${exporter.stderr()}`,
				60_000,
			);
			const titles = ids.map((id) => conditionTexts[id].title);
			const more = ids.length > 1 ? ` – and ${ids.length - 1} more` : "";
			expect(await top()).toEqual({ state: `${titles[0] ?? "All is well"}${more}`, titles });
		},
		/** Waits for one line of the log on each, of its begin or its end. */
		async logs(what: "began" | "ended", ids: readonly ConditionId[]) {
			await until(
				() => (ids.every((id) => logged(what, id).length === 1) ? true : undefined),
				() => `${what} in the log: ${exporter.stderr()}`,
			);
		},
		logged,
		[Symbol.asyncDispose]: () => exporter[Symbol.asyncDispose](),
	};
}

describe.skipIf(!haveNetns())("live", () => {
	test.concurrent("a server that stops, clients that leave and an interface that goes down begin and end a condition", async () => {
		using world = makeWorld();
		const { host, startServer, startClient } = world;
		let server = startServer();
		let client = startClient();
		const flags = ["--capture.interface=eth0", "--dnstt.domain", domain];
		await using watching = await world.watch({ flags, listenAddress: "127.0.0.1:9713" });
		const { exporter, conditions, look, forward, shows, logs } = watching;
		/** Twenty more queries came, between two looks at the conditions. */
		const more = async () => {
			await look();
			const before = (await exporter.metrics()).sum("dnstt_queries_total");
			await exporter.metricsWhen((samples) => samples.sum("dnstt_queries_total") > before + 20);
			await look();
		};
		expect(exporter.stderr()).toMatch(/msg="capture open" version=\S+ domains=t\.example\.com interface=eth0 ports=53/);
		await more();
		await shows([]);

		server.kill("SIGKILL");
		await server.exited;
		await more();
		await forward();
		await shows(["server_silent"]);
		await logs("began", ["server_silent"]);
		server = startServer();
		// What was not answered meanwhile is of the last five minutes still.
		await shows(["unanswered"]);
		await logs("ended", ["server_silent"]);
		await logs("began", ["unanswered"]);
		await forward();
		await shows([]);
		await logs("ended", ["unanswered"]);

		host.ip("link", "set", "eth0", "down");
		await shows(["capture_closed"]);
		expect((await conditions())[0]?.sentence).toMatch(/^The capture on eth0 is closed: .*eth0/);
		expect(await (await exporter.get("/")).text()).toContain('data-capture="closed"');
		expect(exporter.stderr()).toMatch(/level=error msg="capture failed, reopening" error=".*eth0/);
		host.ip("link", "set", "eth0", "up");
		await shows([]);
		expect(exporter.stderr().match(/msg="capture open"/g)).toHaveLength(2);

		client.kill("SIGKILL");
		await client.exited;
		await forward();
		await shows(["no_clients"]);
		await logs("began", ["no_clients"]);
		client = startClient();
		await shows([]);
		await logs("ended", ["no_clients"]);
		server.kill("SIGKILL");
		client.kill("SIGKILL");
	}, 120_000);

	test.concurrent("a domain without traffic, and one without responses, are noticed until some come", async () => {
		using world = makeWorld();
		const wanted = "wanted.example";
		const flags = ["--capture.interface=eth0", `--dnstt.domain=${wanted}`];
		await using watching = await world.watch({ flags, listenAddress: "127.0.0.1:9714" });
		const { conditions, forward, shows, logs, logged } = watching;
		await shows(["nothing_yet"]);
		expect(logged("began", "nothing_yet")).toEqual([]);
		await world.send(strayMessages(50));
		await forward();
		await shows(["nothing_yet"]);
		expect((await conditions())[0]?.sentence).toMatch(
			/^No query for wanted\.example on eth0, UDP port 53: 50 DNS messages were for other/,
		);
		await logs("began", ["nothing_yet"]);
		await world.send(unansweredQueries(wanted, 20));
		await shows([]);
		await logs("ended", ["nothing_yet"]);

		await forward();
		await world.send(unansweredQueries(wanted, 20));
		await shows(["queries_only"]);
		await logs("began", ["queries_only"]);
		await world.send(healthyMessages([wanted]));
		await shows([]);
		await logs("ended", ["queries_only"]);
	}, 120_000);

	test.concurrent("frames, old files and a flood bring about all other conditions, which end with them", async () => {
		using world = makeWorld();
		using folder = temporaryFolder();
		const database = folder.file("asn.mmdb");
		const builtBefore = (days: number) =>
			asnMmdb({ buildEpochSeconds: Math.floor(Date.now() / 1_000) - days * 86_400 });
		await Bun.write(database, builtBefore(61));
		const certificate = await makeCertificate(folder.path, "exporter");
		const { certificateFile, keyFile } = certificate;
		/** The old certificate and the new one, as it is taken up some time after it was written. */
		const caFile = folder.file("ca.pem");
		const trust = async () => appendFileSync(caFile, await Bun.file(certificateFile).bytes());
		await trust();
		const flags = [
			`--dnstt.domain=${Object.values(domains).join(",")}`,
			...["--session.max-tracked=100", "--labels.max-sets=1"],
			...["--capture.interface=eth0", "--capture.buffer-size=1MiB", "--process.user=root"],
			...[`--geoip.asn-database=${database}`],
			...[`--web.tls.certificate-file=${certificateFile}`, `--web.tls.key-file=${keyFile}`],
		];
		const listenAddress = "127.0.0.1:9716";
		await using watching = await world.watch({ flags, listenAddress, caFile });
		const { exporter, forward, shows, logs } = watching;
		await world.send(firstMessages());
		await Bun.sleep(2_500);
		await world.send(lateMessages());
		process.kill(exporter.pid, "SIGSTOP");
		await world.send(strayMessages(20_000), "fastest");
		process.kill(exporter.pid, "SIGCONT");
		const ofFiles = ["certificate", "geoip_old"] as const;
		const ofTraffic = [
			...(["responses_only", "other_tunnel", "parent_domain", "unanswered", "formerr", "mtu_mismatch"] as const),
			...(["small_edns", "truncated", "slow_responses", "slow_round_trips"] as const),
			...(["retransmissions", "packets_dropped", "tables_full", "label_sets_full"] as const),
		];
		const all = [...ofTraffic, ...ofFiles];
		await shows(all);
		await logs("began", all);

		await Bun.write(database, builtBefore(0));
		await renewCertificate(certificate, 60);
		await trust();
		await shows(ofTraffic);
		await logs("ended", ofFiles);

		await forward();
		const named = Object.values(domains);
		// The others had no query that counts.
		const { responsesOnly, mtu, small, ...counting } = domains;
		const left: readonly ConditionId[] = [
			"no_queries",
			...Object.keys(counting)
				.slice(1)
				.map(() => "no_clients" as const),
		];
		await shows(left);
		await logs("ended", ofTraffic);
		await logs("began", ["no_queries"]);
		await world.send(healthyMessages(named));
		// Each of them needs a label set.
		await shows(["label_sets_full"]);
		await logs("ended", ["no_queries"]);
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
