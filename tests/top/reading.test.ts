import { expect, test } from "bun:test";
import { historySchema, readingSchema } from "../../src/top/reading.ts";
import { busyStatus } from "../web/page/fixture.ts";

/** Acts on a terminal: an escape, a bell, and a mark that turns the direction of what follows. */
const acting = "\x1b]0;x\x07\u202e";
const shown = "\ufffd]0;x\ufffd\ufffd";

/** The value with `acting` in front of each text and each name of a count, but for times. */
function changed(value: unknown, isCount = false): unknown {
	if (typeof value === "string") return /^\d{4}-\d\d-\d\dT/.test(value) ? value : acting + value;
	if (Array.isArray(value)) return value.map((inner) => changed(inner));
	if (typeof value !== "object" || value === null) return value;
	return Object.fromEntries(
		Object.entries(value).map(([name, inner]) => [
			isCount ? acting + name : name,
			changed(inner, ["responses_by_rcode", "refused", "malformed_packets", "unrelated_packets"].includes(name)),
		]),
	);
}

test("no text of a status, wherever it stands, can act on the terminal", () => {
	const whole = readingSchema.parse(JSON.parse(JSON.stringify(busyStatus)));
	const texts = JSON.stringify(changed(whole)).split(JSON.stringify(acting).slice(1, -1)).length - 1;
	expect(texts).toBeGreaterThan(40);
	const read = JSON.stringify(readingSchema.parse(changed(whole)));
	expect(read).not.toMatch(/\\u001b|\\u0007|\p{C}/u);
	// A severity is one of those that it knows.
	expect(read.split(shown).length - 1).toBe(texts - whole.conditions.length);
});

test("a network of an exporter that does not say who runs it is read without", () => {
	const rows = busyStatus.asns?.rows.map(({ organization, ...row }) => row) ?? [];
	const read = readingSchema.parse({ ...busyStatus, asns: { rows, count: rows.length } });
	expect(read.asns?.rows.map(({ organization }) => organization)).toEqual(rows.map(() => null));
	expect(rows.length).toBeGreaterThan(1);
});

test("a time that is none is refused", () => {
	for (const name of ["time", "started"] as const) {
		expect(readingSchema.safeParse({ ...busyStatus, [name]: `${acting}2026` }).success).toBe(false);
	}
	const capture = { ...busyStatus.capture, since: "yesterday" };
	expect(readingSchema.safeParse({ ...busyStatus, capture }).success).toBe(false);
});

test("a point of the history may have any number of figures behind the two that are read, and no fewer", () => {
	expect(
		historySchema.safeParse({
			hour: [
				[1, 2],
				[3, 4, 5, 6, 7],
			],
		}).success,
	).toBe(true);
	expect(historySchema.safeParse({ hour: [[1]] }).success).toBe(false);
	expect(historySchema.safeParse({ hour: [[1, 2, "3"]] }).success).toBe(false);
});
