import { expect, test } from "bun:test";
import { certificateProblem } from "../../src/exporter/certificate-check.ts";

const day = 24 * 3_600_000;
const from = Date.UTC(2026, 0, 2);
const to = Date.UTC(2026, 3, 2);

test.each<[title: string, nowMs: number, problem: string | null]>([
	["that is not valid yet is reported", from - 1, "is valid from 2026-01-02"],
	["is fine on its first day", from, null],
	["is fine up to a week before its end", to - 7 * day, null],
	["expires soon from then on", to - 7 * day + 1, "is valid up to 2026-04-02"],
	["expires soon to its last moment", to, "is valid up to 2026-04-02"],
	["that has expired is not valid", to + 1, "is valid up to 2026-04-02"],
])("a certificate %s", (_, nowMs, problem) => {
	const found = certificateProblem({ cert: "", key: "", validFromMs: from, validToMs: to }, "/etc/one.crt", nowMs);
	if (problem === null) expect(found).toBeNull();
	else expect(found).toStartWith(`/etc/one.crt ${problem}`);
});
