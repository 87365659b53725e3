import { expect, test } from "bun:test";
import { sparkline } from "../../src/summary/sparkline.ts";

test.each([
	["nothing is empty", [], 10, ""],
	["zeros are spaces", [0, 0], 10, "  "],
	["the most is the highest bar, and one of many is still seen", [1, 1_000, 500, 0], 10, "▁█▄ "],
	["each eighth has its bar", [1, 2, 3, 4, 5, 6, 7, 8], 8, "▁▂▃▄▅▆▇█"],
	["more counts than columns: a column has the most of its share", [1, 8, 2, 4, 0, 0], 3, "█▄ "],
	["what is not known is a dot, and 0 is none", [4, null, 0, 8], 10, "▄· █"],
	["a column is a dot only where nothing of its share is known", [null, null, null, 2], 2, "·█"],
	["columns are filled evenly", [1, 2, 3, 4, 8], 2, "▂█"],
])("%s", (_, counts, columns, line) => {
	expect(sparkline(counts, columns)).toBe(line);
});
