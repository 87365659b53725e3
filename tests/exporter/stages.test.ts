import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { openStages } from "../../src/exporter/stages.ts";
import { resolversMax } from "../../src/wasm/shared/limits.ts";
import { memoryOf } from "../bench/measure.ts";
import { asnMmdb, countryMmdb } from "../support/mmdb.ts";
import { configOf, createDependencies } from "../support/observed.ts";
import { temporaryFolder } from "../support/temporary.ts";

test("as many new resolvers as are remembered leave less than 20 MB of garbage", async () => {
	using folder = temporaryFolder();
	const [country, asn] = [folder.file("Country.mmdb"), folder.file("ASN.mmdb")];
	writeFileSync(country, countryMmdb());
	writeFileSync(asn, asnMmdb());
	const files = { "geoip.country-database": country, "geoip.asn-database": asn };
	const { geoip } = await openStages(configOf(files), createDependencies());
	const ownBytes = () => memoryOf(process.pid, "RssAnon") ?? Number.NaN;
	const lookUp = (from: number) => {
		for (let address = from; address < from + resolversMax; address++) geoip.originOf(0, 0, 0xffff, address);
	};
	// Once before, for the code that it brings.
	lookUp(0x0a00_0000);
	Bun.gc(true);
	const before = ownBytes();
	lookUp(0x0b00_0000);
	expect(ownBytes() - before).toBeLessThan(20e6);
});
