import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { startExporter } from "../support/exporter.ts";
import { dnsttQuery, dnsttResponse } from "../support/frames.ts";
import { haveNetns, makeNetwork, type Namespace, type Network } from "../support/netns.ts";
import { concatBytes } from "../support/pcapfile.ts";
import { type Child, until } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { countsIn, recordedDomain } from "./captures.ts";

const script = (name: string) => resolve(import.meta.dir, "../support", name);

/** udp-segments.py puts this many into one call. */
const atOnce = 16;
const count = 20 * atOnce;

/** Queries of one length that differ in their id. */
const queries = Array.from({ length: count }, (_, id) => dnsttQuery({ id, clientId: new Uint8Array(8).fill(7) }));
const [query = new Uint8Array()] = queries;
/** With -mtu 1800 a server sends what a link of 1,500 bytes carries in two fragments. */
const response = dnsttResponse(query, [new Uint8Array(1_650)]);

describe.skipIf(!haveNetns() || Bun.which("python3") === null)("between two network namespaces", () => {
	const folder = temporaryFolder();
	let network: Network;
	let server: Namespace;
	let resolver: Namespace;

	beforeAll(async () => {
		await Bun.write(folder.file("response"), response);
		network = makeNetwork();
		server = network.namespace("server");
		resolver = network.namespace("resolver");
		network.veth(
			{ namespace: server, interfaceName: "tunnel0", addresses: ["10.77.9.1/24", "fd00:77:9::1/64"] },
			{ namespace: resolver, interfaceName: "wan0", addresses: ["10.77.9.2/24", "fd00:77:9::2/64"] },
		);
	});
	afterAll(() => {
		network?.remove();
		folder[Symbol.dispose]();
	});

	/** A server that answers `expected` queries on a port, and runs. */
	async function startAnswers(port: number, expected: number) {
		const words = [script("udp-answers.py"), String(port), folder.file("response"), String(expected)];
		const answers = server.spawn(["python3", ...words]);
		await until(
			() => answers.stdout().includes("ready") || undefined,
			() => `the server: ${answers.stderr()}`,
		);
		return answers;
	}

	/** Sends all queries with one of the scripts, and waits until `expected` have arrived: the witness is the server's socket. */
	async function send(from: Namespace, words: readonly string[], answers: Child, times = 1): Promise<void> {
		const [name = "", ...rest] = words;
		const stdin = concatBytes(new Array<readonly Uint8Array[]>(times).fill(queries).flat());
		const sender = from.spawn(["python3", script(name), ...rest], { stdin });
		expect({ code: await sender.exited, stderr: sender.stderr() }).toEqual({ code: 0, stderr: "" });
		await answers.exited;
		expect(answers.stdout()).toBe(`ready\n${count * times}\n`);
	}

	const start = (interfaceName: string) =>
		startExporter({
			namespace: server,
			flags: ["--dnstt.domain", recordedDomain, "--capture.interface", interfaceName],
		});

	test.each(["10.77.9.1", "fd00:77:9::1"])(
		"queries that arrive joined, and responses that leave in fragments, all count: to %s",
		async (address) => {
			await using exporter = await start("tunnel0");
			const answers = await startAnswers(53, count);
			await send(resolver, ["udp-segments.py", address, "53", String(query.length)], answers);
			const samples = await exporter.metricsWhen((read) => countsIn(read).bytes_out >= count * response.length);
			expect(countsIn(samples)).toMatchObject({
				queries: count,
				bytes_in: count * query.length,
				bytes_out: count * response.length,
				rejected: 0,
			});
			expect(samples.sum("dnstt_responses_total")).toBe(count);
			expect(samples.value("dnstt_exporter_joined_frames_total")).toBe(count / atOnce);
			expect(samples.sum("dnstt_exporter_malformed_packets_total")).toBe(0);
		},
		30_000,
	);

	test("queries that a TUN device brings joined all count", async () => {
		server.ip("tuntap", "add", "dev", "tun0", "mode", "tun", "vnet_hdr");
		server.ip("addr", "add", "10.77.8.1/24", "dev", "tun0");
		server.ip("link", "set", "tun0", "up");
		await using exporter = await start("tun0");
		const answers = await startAnswers(53, count);
		await send(server, ["tun-joined.py", "tun0", String(query.length)], answers);
		const samples = await exporter.metricsWhen((read) => countsIn(read).queries >= count);
		expect(countsIn(samples)).toMatchObject({ queries: count, bytes_in: count * query.length, rejected: 0 });
		expect(samples.value("dnstt_exporter_joined_frames_total")).toBe(count / 20);
	}, 30_000);

	test("queries that the kernel joins because it forwards (rx-udp-gro-forwarding, threaded NAPI, REDIRECT) all count", async () => {
		server.run("python3", script("device-feature.py"), "tunnel0", "rx-gro");
		server.run("python3", script("device-feature.py"), "tunnel0", "rx-udp-gro-forwarding");
		server.run("bash", "-c", "echo 1 > /sys/class/net/tunnel0/threaded");
		server.iptables(
			"-t",
			"nat",
			"-A",
			"PREROUTING",
			"-p",
			"udp",
			"--dport",
			"53",
			"-j",
			"REDIRECT",
			"--to-ports",
			"5300",
		);
		await using exporter = await start("tunnel0");
		const answers = await startAnswers(5300, 10 * count);
		await send(resolver, ["udp-segments.py", "10.77.9.1", "53", String(query.length), "singly"], answers, 10);
		const samples = await exporter.metricsWhen((read) => countsIn(read).queries >= 10 * count);
		expect(countsIn(samples)).toMatchObject({ queries: 10 * count, bytes_in: 10 * count * query.length, rejected: 0 });
		expect(samples.value("dnstt_exporter_joined_frames_total")).toBeGreaterThan(0);
	}, 60_000);
});
