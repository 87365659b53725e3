import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { startExporter } from "../support/exporter.ts";
import { dnsttQuery, dnsttResponse } from "../support/frames.ts";
import { haveNetns, makeNetwork, type Namespace, type Network } from "../support/netns.ts";
import { concatBytes } from "../support/pcapfile.ts";
import { until } from "../support/process.ts";
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

	test.each(["10.77.9.1", "fd00:77:9::1"])(
		"queries that arrive joined, and responses that leave in fragments, all count: to %s",
		async (address) => {
			await using exporter = await startExporter({
				namespace: server,
				flags: ["--dnstt.domain", recordedDomain, "--capture.interface=tunnel0"],
			});
			const answers = server.spawn(["python3", script("udp-answers.py"), "53", folder.file("response"), String(count)]);
			await until(
				() => answers.stdout().includes("ready") || undefined,
				() => `the server: ${answers.stderr()}`,
			);
			const sender = resolver.spawn(["python3", script("udp-segments.py"), address, "53", String(query.length)], {
				stdin: concatBytes(queries),
			});
			expect({ code: await sender.exited, stderr: sender.stderr() }).toEqual({ code: 0, stderr: "" });
			await answers.exited;
			// The witness: what the server's socket got.
			expect(answers.stdout()).toBe(`ready\n${count}\n`);
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
});
