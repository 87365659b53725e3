import { expect, test } from "bun:test";
import { newestGlibc } from "../../src/build/symbols.ts";

test.each([
	["0 DF *UND* 0 (GLIBC_2.9) a\n0 DF *UND* 0 (GLIBC_2.17) b\n0 DF *UND* 0 (GLIBC_2.2.5) c\n", "2.17"],
	["0 DF *UND* 0 (GLIBC_2.3.4) a\n0 DF *UND* 0 (GLIBC_2.3) b\n", "2.3.4"],
	["0 DF *UND* 0 malloc\n", undefined],
])("of the glibc versions in %j the newest is %s", (table, version) => {
	expect(newestGlibc(table)).toBe(version);
});
