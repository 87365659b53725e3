/** Who makes up both sides of an exchange counts for nothing, where frames say which way they go. */
import { describe, expect, test } from "bun:test";
import { type Samples, startExporter } from "../support/exporter.ts";
import { dnsResponse, dnsttQuery, ethernetFrame, randomBytes, seededRandom, udpPacket } from "../support/frames.ts";
import { haveNetns, makeNetwork, type Namespace, type Network } from "../support/netns.ts";
import { concatBytes } from "../support/pcapfile.ts";
import { until } from "../support/process.ts";
import { exchangeUdp, serveUdp } from "../support/udp.ts";

const [hostAddress, clientAddress] = ["10.89.1.1", "10.89.1.2"];
const flags = (interfaceName: string) => ["--dnstt.domain=t.example.com", `--capture.interface=${interfaceName}`];
const random = seededRandom(16);
const messages = 50;
/** No server of the tests answers so. */
const nxDomain = 3;
const queries = Array.from({ length: messages }, (_, id) => dnsttQuery({ clientId: randomBytes(random, 8), id }));

function makeHosts(network: Network): { readonly client: Namespace; readonly host: Namespace } {
	const [client, host] = [network.namespace("client"), network.namespace("host")];
	network.veth(
		{ namespace: client, interfaceName: "e0", addresses: [`${clientAddress}/24`] },
		{ namespace: host, interfaceName: "e0", addresses: [`${hostAddress}/24`] },
	);
	return { client, host };
}

/** An Ethernet frame to an interface of the host. */
function frameTo(host: Namespace, packet: Uint8Array): Uint8Array {
	const [, address = ""] = /link\/ether ([0-9a-f:]+)/.exec(host.ip("link", "show", "e0")) ?? [];
	const bytes = Uint8Array.from(address.split(":").map((octet) => Number.parseInt(octet, 16)));
	return concatBytes([bytes, ethernetFrame(packet).subarray(6)]);
}

const counted = (samples: Samples) => ({
	queries: samples.sum("dnstt_queries_total"),
	sessions: samples.sum("dnstt_sessions_total"),
	responses: samples.sum("dnstt_responses_total"),
	times: samples.sum("dnstt_response_duration_seconds_count"),
	unmatched: samples.sum("dnstt_unmatched_responses_total"),
	outgoing: samples.sum("dnstt_exporter_unrelated_packets_total", { reason: "direction" }),
	unrelated: samples.sum("dnstt_exporter_unrelated_packets_total", { reason: "response" }),
});
const nothing = { queries: 0, sessions: 0, responses: 0, times: 0, unmatched: 0, outgoing: 0, unrelated: 0 };

/** A resolver's queries, and to each a response that claims to be the host's: what a stranger sends. */
const forged = (host: Namespace) =>
	queries.flatMap((query, index) => {
		const asked = { source: "192.0.2.7", destination: hostAddress, sourcePort: 40_000, destinationPort: 53 };
		const told = { source: hostAddress, destination: "192.0.2.7", sourcePort: 53, destinationPort: 40_000 };
		return [
			udpPacket({ ...asked, payload: query }),
			udpPacket({ ...told, payload: dnsResponse(query, { rcode: nxDomain }) }),
		].map((packet) => ({ timeNs: BigInt(index), bytes: frameTo(host, packet) }));
	});

describe.skipIf(!haveNetns())("made-up exchanges", () => {
	test("of a process on the host, with a server of its own, count for nothing", async () => {
		using network = makeNetwork();
		const { client, host } = makeHosts(network);
		await serveUdp(client, 53);
		await until(
			async () => (await exchangeUdp(host, { address: clientAddress, port: 53 }, queries.slice(0, 1)))[0] && true,
			() => "an answer",
		);
		await using exporter = await startExporter({ flags: flags("any"), namespace: host });
		const answers = await exchangeUdp(host, { address: clientAddress, port: 53 }, queries);
		expect(answers.filter((answer) => answer !== undefined)).toHaveLength(messages);
		const samples = await exporter.metricsWhen((read) => counted(read).unrelated + counted(read).responses >= messages);
		expect(counted(samples)).toEqual({ ...nothing, outgoing: messages, unrelated: messages });
		expect(samples.sum("dnstt_bytes_out_total")).toBe(0);
	});

	for (const [interfaceName, matched] of [
		["any", 0],
		// Frames carry no direction there: README says so.
		["e0", messages],
	] as const) {
		test(`of a stranger who forges the host's answers: ${matched} of ${messages} are believed on ${interfaceName}`, async () => {
			using network = makeNetwork();
			const { client, host } = makeHosts(network);
			await using exporter = await startExporter({ flags: flags(interfaceName), namespace: host });
			await client.sendFrames(forged(host), "e0");
			const samples = await exporter.metricsWhen((read) => {
				const { responses, unmatched } = counted(read);
				return responses + unmatched >= messages;
			});
			expect(counted(samples)).toEqual({
				...{ ...nothing, queries: messages, sessions: messages },
				...{ responses: matched, times: matched, unmatched: messages - matched },
			});
		});
	}

	test("of a stranger do not keep the server's own responses from counting", async () => {
		using network = makeNetwork();
		const { client, host } = makeHosts(network);
		// So that the server's responses to the stranger's queries leave as well.
		host.ip("route", "add", "192.0.2.0/24", "via", clientAddress);
		await serveUdp(host, 53);
		await using exporter = await startExporter({ flags: flags("any"), namespace: host });
		await client.sendFrames(forged(host), "e0");
		const answers = await exchangeUdp(client, { address: hostAddress, port: 53 }, queries);
		const answered = answers.filter((answer) => answer !== undefined).length;
		const samples = await exporter.metricsWhen((read) => counted(read).responses >= messages + answered);
		const { times, unmatched } = counted(samples);
		const noError = samples.sum("dnstt_responses_total", { rcode: "NOERROR" });
		expect([answered, noError, times, unmatched]).toEqual([messages, 2 * messages, 2 * messages, messages]);
	});

	test("from the host's own address, which came in from outside, are unrelated", async () => {
		using network = makeNetwork();
		const { client, host } = makeHosts(network);
		for (const interfaceName of ["any", "e0"]) {
			await using exporter = await startExporter({ flags: flags(interfaceName), namespace: host });
			const own = { source: hostAddress, destination: hostAddress, sourcePort: 40_000, destinationPort: 53 };
			const frames = queries.map((query, index) => ({
				timeNs: BigInt(index),
				bytes: frameTo(host, udpPacket({ ...own, payload: query })),
			}));
			await client.sendFrames(frames, "e0");
			const samples = await exporter.metricsWhen((read) => counted(read).outgoing + counted(read).queries >= messages);
			expect(counted(samples)).toEqual({ ...nothing, outgoing: messages });
		}
	});
});
