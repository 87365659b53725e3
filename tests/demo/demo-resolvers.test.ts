import { expect, test } from "bun:test";
import { demoResolvers, resolversDatabase } from "../../src/demo/demo-resolvers.ts";
import { readRecording } from "../../src/demo/recording.ts";
import { playersCount } from "../../src/demo/replay.ts";
import { openDatabases } from "../../src/geoip/geoip.ts";
import { demoMmdb } from "../support/mmdb.ts";

test("the demo's database is what its resolvers make it, and small", async () => {
	const written = demoMmdb();
	expect(Buffer.from(await Bun.file(resolversDatabase).bytes()).equals(written)).toBe(true);
	expect(written.length).toBeLessThan(2_000);
});

test("each resolver is found in it, in its country and network", async () => {
	const files = { country: resolversDatabase, asn: resolversDatabase };
	const geoip = await openDatabases(files, { originsMax: 100, report() {} });
	for (const { address, country, asn, organization } of demoResolvers) {
		const word = address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
		expect(geoip.origins[geoip.originOf(0, 0, 0xffff, word)]).toEqual({ country, asn: String(asn), organization });
		// AS numbers for documentation, on loopback.
		expect([address.startsWith("127."), asn >= 64_496 && asn <= 64_511]).toEqual([true, true]);
	}
});

test("there is a place for each client of a round", async () => {
	const recorded = new Set((await readRecording()).map(({ client }) => client)).size;
	expect(demoResolvers.reduce((sum, { clients }) => sum + clients, 0)).toBe(playersCount * recorded);
});
