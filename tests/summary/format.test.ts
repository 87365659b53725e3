import { describe, expect, test } from "bun:test";
import {
	byteRate,
	bytes,
	count,
	duration,
	durationToTenths,
	grouped,
	optional,
	percent,
	percentToTenths,
	rate,
	seconds,
	secondsToTenths,
} from "../../src/summary/format.ts";

const hour = 3_600_000;
const space = "\u00a0";

describe.each([
	[
		"grouped",
		grouped,
		[
			[0, "0"],
			[999, "999"],
			[1_000, "1,000"],
			[123_456, "123,456"],
			[9_007_199_254_740_991, "9,007,199,254,740,991"],
		],
	],
	[
		"count",
		count,
		[
			...[
				[0, "0"],
				[1_234, "1,234"],
				[999_999, "999,999"],
				[1_000_000, "1.00 M"],
				[33_149_000, "33.1 M"],
			],
			...[
				[999_400_000, "999 M"],
				[999_600_000, "1.00 G"],
				[4.56e12, "4.56 T"],
				[4.56e15, "4560 T"],
			],
		],
	],
	[
		"rate",
		rate,
		[
			[0, "0"],
			[0.1, "0.1"],
			[9.94, "9.9"],
			[99.94, "99.9"],
			[99.96, "100"],
			[100, "100"],
			[1_059.4, "1,059"],
			[2_345_678, "2.35 M"],
		],
	],
	[
		"bytes",
		bytes,
		[
			[0, "0 B"],
			[999, "999 B"],
			[999.6, "1.00 kB"],
			[25_900_000_000, "25.9 GB"],
		],
	],
	[
		"byteRate",
		byteRate,
		[
			[0, "0 B/s"],
			[999, "999 B/s"],
			[999.6, "1.00 kB/s"],
			[1_000, "1.00 kB/s"],
			[10_500, "10.5 kB/s"],
			[999_600, "1.00 MB/s"],
		],
	],
	[
		"seconds",
		seconds,
		[
			...[
				[0.00002, "< 1 ms"],
				[0.0042, "4.2 ms"],
				[0.00996, "10 ms"],
				[0.1834, "183 ms"],
				[0.9994, "999 ms"],
			],
			...[
				[0.9996, "1.00 s"],
				[1, "1.00 s"],
				[9.994, "9.99 s"],
				[9.996, "10.0 s"],
				[12.34, "12.3 s"],
			],
		],
	],
	[
		"secondsToTenths",
		secondsToTenths,
		[
			[0.0042, "4 ms"],
			[0.3996, "400 ms"],
			[0.9994, "999 ms"],
			[0.9996, "1.0 s"],
			[1, "1.0 s"],
			[12.34, "12.3 s"],
		],
	],
	[
		"percent",
		percent,
		[
			[0, "0 %"],
			[0.0004, "< 0.1 %"],
			[0.0132, "1.3 %"],
			[0.0994, "9.9 %"],
			[0.0996, "10 %"],
			[0.14, "14 %"],
			[1, "100 %"],
		],
	],
	[
		"percentToTenths",
		percentToTenths,
		[
			[0, "0.0 %"],
			[0.0004, "0.0 %"],
			[0.145, "14.5 %"],
			[1, "100.0 %"],
		],
	],
	[
		"duration",
		duration,
		[
			[0, "0 s"],
			[999, "0 s"],
			[61_000, `1${space}min 1${space}s`],
			[hour, `1${space}h`],
			[49 * hour, `2${space}d 1${space}h`],
		],
	],
	[
		"durationToTenths",
		durationToTenths,
		[
			[0, "0.0 s"],
			[59.94, "59.9 s"],
			[59.95, "1 min 0.0 s"],
			[3_599.96, "1 h 0 min 0.0 s"],
			[3_600_061.2, "1,000 h 1 min 1.2 s"],
		],
	],
] as [string, (value: number) => string, [number, string][]][])("%s", (_name, text, rows) => {
	test.each(rows)("of %d reads %s", (value, expected) => {
		expect(text(value)).toBe(expected);
	});
});

test.each([
	[0.5, "50 %"],
	[0, "0 %"],
	[null, "–"],
	[undefined, "–"],
])("what may be unknown, %p, reads %s", (value, expected) => {
	expect(optional(value, percent)).toBe(expected);
});
