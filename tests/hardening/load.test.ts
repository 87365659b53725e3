import { describe, expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { startExporter } from "../support/exporter.ts";
import { dnsttQuery, ethernetFrame, udpPacket } from "../support/frames.ts";
import { asnRecord, writeMmdb } from "../support/mmdb.ts";
import { haveNetns, makeNetwork } from "../support/netns.ts";
import type { CaptureRecord } from "../support/pcapfile.ts";
import { temporaryFolder } from "../support/temporary.ts";

const labelSets = 10_000;
/** More than the default buffer of 16 MiB holds (some 64,000 of these frames): what is not read in time is lost. */
const frames = 160_000;
const framesPerSecond = 40_000;

/** A query from a resolver in network `index` of 10.0.0.0/8, each network a /24 and a system of its own. */
function query(index: number, sequence: number): CaptureRecord {
	const clientId = Uint8Array.of(1, 2, 3, 4, 5, 6, index >> 8, index & 0xff);
	const packet = udpPacket({
		source: `10.${index >> 8}.${index & 0xff}.1`,
		destination: "198.51.100.1",
		sourcePort: 40_000,
		destinationPort: 53,
		payload: dnsttQuery({ clientId, id: sequence & 0xffff }),
	});
	return { timeNs: BigInt(sequence) * 1000n, bytes: ethernetFrame(packet, "in") };
}

describe.skipIf(!haveNetns())("a flood", () => {
	test("loses no packet of the default buffer while 10,000 label sets are scraped", async () => {
		using network = makeNetwork();
		const [server, resolver] = [network.namespace("server"), network.namespace("resolver")];
		network.veth({ namespace: server, interfaceName: "tunnel0" }, { namespace: resolver, interfaceName: "wan0" });
		using folder = temporaryFolder();
		chmodSync(folder.path, 0o755);
		const rows = Array.from(
			{ length: labelSets },
			(_, index) => [`10.${index >> 8}.${index & 0xff}.0/24`, asnRecord(index + 1)] as const,
		);
		await Bun.write(folder.file("asn.mmdb"), writeMmdb(rows, { databaseType: "GeoLite2-ASN" }));
		await using exporter = await startExporter({
			flags: [
				...["--dnstt.domain=t.example.com", "--capture.interface=tunnel0"],
				...["--geoip.asn-database", folder.file("asn.mmdb")],
			],
			namespace: server,
		});
		const records = Array.from({ length: frames }, (_, sequence) => query(sequence % labelSets, sequence));
		await resolver.sendFrames(records.slice(0, labelSets), "wan0", 20_000);
		await exporter.metricsWhen((read) => read.sum("dnstt_queries_total") === labelSets);

		let flooding = true;
		const flood = resolver.sendFrames(records, "wan0", framesPerSecond).finally(() => {
			flooding = false;
		});
		let scrapes = 0;
		while (flooding) {
			const samples = await exporter.metrics();
			expect(samples.all.filter(({ name }) => name === "dnstt_queries_total")).toHaveLength(labelSets);
			scrapes++;
		}
		await flood;
		expect(scrapes).toBeGreaterThan(3);
		const samples = await exporter.metricsWhen((read) => read.sum("dnstt_queries_total") >= labelSets + frames);
		expect(samples.sum("dnstt_queries_total")).toBe(labelSets + frames);
		expect(samples.sum("dnstt_exporter_packets_dropped_total")).toBe(0);
	}, 60_000);
});
