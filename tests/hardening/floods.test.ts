import { describe, expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { receiveDatagrams } from "../process/unixsocket.ts";
import { startExporter } from "../support/exporter.ts";
import { aheadOfOthers, answerMsMost, floodKinds, measureFlood, watchdogEnv, writeFlood } from "../support/floods.ts";
import { asnRecord, countryRecord, writeMmdb } from "../support/mmdb.ts";
import { haveNetns, makeNetwork } from "../support/netns.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** Longer than the bound: who answers only when the flood is over fails. */
const seconds = 5;

/** Writes both databases, each /16 of 10.0.0.0/8 a network of its own; gives the flags that open them. */
async function databases(folder: { file(name: string): string }): Promise<string[]> {
	const networks = Array.from({ length: 256 }, (_, index) => [`10.${index}.0.0/16`, index] as const);
	const country = networks.map(([network, index]) => [network, countryRecord(index % 2 === 0 ? "DE" : "FR")] as const);
	const asn = networks.map(([network, index]) => [network, asnRecord(64_512 + index)] as const);
	await Bun.write(folder.file("country.mmdb"), writeMmdb(country, { databaseType: "GeoLite2-Country" }));
	await Bun.write(folder.file("asn.mmdb"), writeMmdb(asn, { databaseType: "GeoLite2-ASN" }));
	return [`--geoip.country-database=${folder.file("country.mmdb")}`, `--geoip.asn-database=${folder.file("asn.mmdb")}`];
}

describe.skipIf(!haveNetns())("a flood of", () => {
	test.each(floodKinds)(
		"%s delays no scrape, no sign of life and no beat of the watchdog, and what is dropped is counted",
		async (kind) => {
			using folder = temporaryFolder();
			chmodSync(folder.path, 0o755);
			using network = makeNetwork();
			const [server, resolver] = [network.namespace("server"), network.namespace("resolver")];
			network.veth({ namespace: server, interfaceName: "tunnel0" }, { namespace: resolver, interfaceName: "wan0" });
			using manager = receiveDatagrams(folder.file("notify"));
			chmodSync(folder.file("notify"), 0o777);
			writeFlood(folder.file("flood.pcap"), kind);
			using _ = aheadOfOthers();
			await using exporter = await startExporter({
				flags: ["--dnstt.domain=t.example.com", "--capture.interface=tunnel0", ...(await databases(folder))],
				namespace: server,
				env: watchdogEnv(folder.file("notify")),
			});
			const figures = await measureFlood({
				...{
					kind,
					path: folder.file("flood.pcap"),
					seconds,
					from: resolver,
					interfaceName: "wan0",
					server,
					exporter,
					manager,
				},
			});
			expect({ ...figures, isReceived: figures.received === figures.packets }).toMatchObject({ isReceived: true });
			expect(figures.scrapes).toBeGreaterThan(1);
			expect(figures.scrapeMs).toBeLessThan(answerMsMost);
			expect(figures.healthyMs).toBeLessThan(answerMsMost);
			expect(figures.beatMs).toBeLessThan(answerMsMost);
		},
		60_000,
	);
});
