/** What `inspect` says of a server whose -mtu is not dnstt.mtu, and that the value which it tells fits. */
import { describe, expect, test } from "bun:test";
import { LinkType } from "../../src/capture/source.ts";
import type { Report } from "../../src/commands/inspect/report.ts";
import { inspectJson } from "../support/exporter.ts";
import { dnsResponse, dnsttQuery, dnsttResponse, ethernetFrame, udpPacket } from "../support/frames.ts";
import { writePcap } from "../support/pcapfile.ts";
import { temporaryFolder } from "../support/temporary.ts";

const sizes = [null, 512, 1_100, 1_232, 1_400, 4_096];
const rounds = 30;
const formErr = 1;

/** Exchanges with clients through resolvers of all sizes, as a server with this -mtu answers. */
function capture(mtu: number): Uint8Array {
	const records = Array.from({ length: rounds * sizes.length }, (_, index) => {
		const ednsBytes = sizes[index % sizes.length] ?? null;
		const query = dnsttQuery({ id: index, clientId: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, index), ednsBytes });
		const isTaken = Math.max(512, ednsBytes ?? 0) >= mtu;
		const response = isTaken ? dnsttResponse(query) : dnsResponse(query, { rcode: formErr });
		const [resolver, server] = ["192.0.2.7", "198.51.100.1"];
		const asked = { source: resolver, destination: server, sourcePort: 40_000, destinationPort: 53, payload: query };
		const told = { source: server, destination: resolver, sourcePort: 53, destinationPort: 40_000, payload: response };
		return [ethernetFrame(udpPacket(asked)), ethernetFrame(udpPacket(told), "out")].map((bytes, side) => ({
			timeNs: BigInt(1_700_000_000_000 + index * 10 + side) * 1_000_000n,
			bytes,
		}));
	}).flat();
	return writePcap({ linkType: LinkType.EN10MB, records });
}

const rows = [512, 513, 1_000, 1_232, 1_233, 1_400, 4_096].flatMap((server) =>
	[512, 1_000, 1_232, 1_400, 65_535].map((key) => [server, key] as const),
);
describe("a server with -mtu", () => {
	test.each(rows)(
		"%i under a dnstt.mtu of %i counts as it answers, with the value that is told if one is",
		async (server, key) => {
			using folder = temporaryFolder();
			const path = folder.file("a.pcap");
			await Bun.write(path, capture(server));
			const read = (mtu: number) => inspectJson<Report>(path, ["--dnstt.domain=t.example.com", `--dnstt.mtu=${mtu}`]);
			const of = (from: number, to = Number.POSITIVE_INFINITY) =>
				rounds * sizes.map((size) => Math.max(512, size ?? 0)).filter((size) => size >= from && size < to).length;
			const first = await read(key);
			expect(first.domains[0]).toMatchObject({ queries: of(key), sessions: of(key) });
			expect(first.domains[0]?.refused).toEqual(key > 512 ? { edns: of(0, key) } : {});
			const told = first.conditions.flatMap(({ remedy }) => /--dnstt\.mtu (\d+) fits/.exec(remedy)?.[1] ?? []);
			const isWrong = of(Math.min(server, key), Math.max(server, key)) > 0;
			expect(told).toHaveLength(isWrong ? 1 : 0);
			if (!isWrong) return;
			const { domains, conditions } = await read(Number(told[0]));
			expect(domains[0]).toMatchObject({ queries: of(server), sessions: of(server), responses: of(server) });
			expect(domains[0]?.responses_by_rcode).toEqual({ NOERROR: of(server) });
			expect(conditions.filter(({ remedy }) => remedy.includes("fits"))).toEqual([]);
		},
	);
});
