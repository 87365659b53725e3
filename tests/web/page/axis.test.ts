import { expect, test } from "bun:test";
import { byteRate, count, rate } from "../../../src/summary/format.ts";
import { axisText } from "../../../src/web/page/browser/axis.ts";

test.each([
	["a whole rate has no fraction, below a hundred as above", rate(50), "50"],
	["a fraction stays", rate(0.5), "0.5"],
	["zeros at the end of a fraction go, others stay", "2.50 kB/s", "2.5 kB/s"],
	["a fraction of zeros goes, and its unit stays", byteRate(50_000), "50 kB/s"],
	["zeros inside a fraction stay", "1.05 MB/s", "1.05 MB/s"],
	["zeros of a whole number stay", byteRate(100_000), "100 kB/s"],
	["a comma is no fraction", count(12_000), "12,000"],
	["nothing is as it is", rate(0), "0"],
])("on an axis, %s", (_, figure, text) => {
	expect(axisText(figure)).toBe(text);
});
