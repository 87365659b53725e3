import { describe, expect, test } from "bun:test";
import { type Extent, firstView, press, type View } from "../../src/top/view.ts";

const extent: Extent = { columns: 3, page: 10, rows: 25 };

function after(keys: readonly string[], from: View = firstView): View | null {
	let view: View | null = from;
	for (const key of keys) view = view === null ? null : press(view, key, extent);
	return view;
}

describe("keys", () => {
	test.each([
		["q ends", ["q"]],
		["Ctrl+C ends", ["interrupt"]],
		["Ctrl+C ends while a filter is typed", ["/", "a", "interrupt"]],
		["q ends from the help", ["?", "q"]],
	])("%s", (_, keys) => {
		expect(after(keys)).toBeNull();
	});

	test.each<[title: string, keys: string[], changed: Partial<View>]>([
		["letters choose a panel", ["n"], { panel: "asns" }],
		["another panel begins at its top", ["down", "h"], { panel: "health", scroll: 0 }],
		["Tab and the arrows go round the panels", ["left", "right", "right"], { panel: "countries" }],
		["left of the first panel is the last", ["left"], { panel: "health" }],
		["a filter is typed, q and all", ["/", "q", "s", "enter"], { filter: "qs", editing: false }],
		["a filter is corrected by character", ["/", "a", "🦊", "backspace"], { filter: "a", editing: true }],
		["Escape drops a filter while it is typed", ["/", "a", "escape"], { filter: "", editing: false }],
		["Escape drops a filter later", ["/", "a", "enter", "escape"], { filter: "" }],
		["named keys are no part of a filter", ["/", "up", "page up"], { filter: "", editing: true }],
		["health has no filter", ["h", "/"], { panel: "health", editing: false }],
		["scrolling ends at the last row", ["page down", "page down", "down"], { scroll: 15 }],
		["scrolling ends at the first row", ["down", "page up", "up"], { scroll: 0 }],
		["End and Home go to the ends", ["end"], { scroll: 15 }],
		["g goes to the first", ["G", "g"], { scroll: 0 }],
		["any key leaves the help and does nothing else", ["?", "s"], { help: false }],
		["keys without a meaning do nothing", ["x", "enter", "backspace"], {}],
	])("%s", (_, keys, changed) => {
		expect(after(keys)).toEqual({ ...firstView, ...changed });
	});

	test("s goes through the columns of its panel, r turns the order round", () => {
		expect(after(["s"])?.sorting).toEqual({ ...firstView.sorting, domains: { column: 2, reversed: false } });
		expect(after(["s", "s"])?.sorting.domains).toEqual({ column: 0, reversed: false });
		expect(after(["r"])?.sorting.domains).toEqual({ column: 1, reversed: true });
		expect(after(["r", "s"])?.sorting.domains).toEqual({ column: 2, reversed: false });
		expect(after(["n", "r"])?.sorting).toEqual({ ...firstView.sorting, asns: { column: 1, reversed: true } });
		expect(after(["h", "s", "r"])?.sorting).toEqual(firstView.sorting);
	});

	test("a filter takes 253 characters, as a name has, and no more", () => {
		const long = after(["/", ...Array.from({ length: 260 }, () => "a")]);
		expect(long?.filter).toHaveLength(253);
	});
});
