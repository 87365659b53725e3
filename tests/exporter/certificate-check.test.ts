import { describe, expect, test } from "bun:test";
import { createCertificateCheck } from "../../src/exporter/certificate-check.ts";
import { createDependencies } from "../support/observed.ts";

const day = 24 * 3_600_000;
const from = Date.UTC(2026, 0, 2);
const to = Date.UTC(2026, 3, 2);

/** The messages that checks at these times log. */
function messagesAt(...timesMs: readonly number[]): (string | undefined)[] {
	const { log, logged } = createDependencies();
	const check = createCertificateCheck(log, "/etc/one.crt");
	for (const nowMs of timesMs) check({ cert: "", key: "", validFromMs: from, validToMs: to }, nowMs);
	for (const line of logged) expect(line).toMatch(/level=warn .*file=\/etc\/one\.crt problem="is valid /);
	return logged.map((line) => /msg="([^"]*)"/.exec(line)?.[1]);
}

describe("a certificate", () => {
	test.each<[title: string, nowMs: number, messages: string[]]>([
		["that is not valid yet is reported", from - 1, ["certificate is not valid"]],
		["is fine on its first day", from, []],
		["is fine up to a week before its end", to - 7 * day, []],
		["expires soon from then on", to - 7 * day + 1, ["certificate expires soon"]],
		["expires soon to its last moment", to, ["certificate expires soon"]],
		["that has expired is not valid", to + 1, ["certificate is not valid"]],
	])("%s", (_, nowMs, messages) => {
		expect(messagesAt(nowMs)).toEqual(messages);
	});

	test("is reported once for each problem, and again after it was fine", () => {
		expect(messagesAt(to - day, to - day + 1)).toHaveLength(1);
		expect(messagesAt(from - 1, from, from - 1)).toHaveLength(2);
		expect(messagesAt(from - 1, to - day)).toEqual(["certificate is not valid", "certificate expires soon"]);
	});

	test("that expires soon is reported as not valid once it has expired", () => {
		expect(messagesAt(to - day, to + day)).toEqual(["certificate expires soon", "certificate is not valid"]);
	});
});
