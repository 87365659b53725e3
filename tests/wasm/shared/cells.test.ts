import { expect, test } from "bun:test";
import {
	faultNames,
	rcodeNames,
	refusalNames,
	segmentFaultNames,
	unrelatedNames,
} from "../../../src/engine/reasons.ts";
import { ednsBounds } from "../../../src/engine/tracker.ts";
import { DomainCell, ProcessCell, SetCell } from "../../../src/wasm/shared/cells.ts";

/** How many cells those have that have several; reasons begin with 1, and leave the first unused. */
const reasons = (names: Readonly<Record<number, string>>) => Math.max(...Object.keys(names).map(Number)) + 1;

const rows: readonly [
	title: string,
	cells: Readonly<Record<string, string | number>>,
	sizes: Record<string, number>,
][] = [
	["a label set's row", SetCell, { Edns: ednsBounds.length + 1 }],
	["a domain's row", DomainCell, { Responses: rcodeNames.length, Refusals: reasons(refusalNames) }],
	[
		"the process's row",
		ProcessCell,
		{ Faults: reasons(faultNames), Unrelated: reasons(unrelatedNames), SegmentFaults: reasons(segmentFaultNames) },
	],
];

test.each(rows)("%s has room for each count, and whole lines of the processor's cache", (_, cells, sizes) => {
	const taken: string[] = [];
	for (const [name, start] of Object.entries(cells)) {
		if (typeof start !== "number" || name === "Width") continue;
		for (let cell = start; cell < start + (sizes[name] ?? 1); cell++) {
			expect(`${name} ${cell} ${taken[cell] ?? "free"}`).toBe(`${name} ${cell} free`);
			taken[cell] = name;
		}
	}
	const width = Number(cells.Width);
	expect(taken.length).toBeLessThanOrEqual(width);
	expect(width % 8).toBe(0);
});
