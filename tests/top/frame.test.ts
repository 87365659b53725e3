import { describe, expect, test } from "bun:test";
import type { Status } from "../../src/status/status.ts";
import { frameOf, minutesOf, plainText, type Scene } from "../../src/top/frame.ts";
import { createPaint } from "../../src/top/paint.ts";
import { readingSchema } from "../../src/top/reading.ts";
import { firstView, type View } from "../../src/top/view.ts";
import { busyHistory, busyStatus, quietStatus } from "../web/page/fixture.ts";

const none = createPaint("none");
const nowMs = Date.parse(busyStatus.time);
const url = "http://127.0.0.1:9713";

function scene(status: Status = busyStatus, more: Partial<Scene> = {}): Scene {
	const history = { hour: busyHistory.hour.map(([timeMs, active]): [number, number] => [timeMs, active]) };
	return { url, reading: readingSchema.parse(JSON.parse(JSON.stringify(status))), history, lost: null, nowMs, ...more };
}

const linesOf = (view: Partial<View> = {}, what = scene(), size = { columns: 80, rows: 24 }, paint = none) =>
	frameOf(what, { ...firstView, ...view }, size, paint).lines;
const textOf = (...options: Parameters<typeof linesOf>) => linesOf(...options).join("\n");

describe("a frame", () => {
	const sizes = [
		{ columns: 80, rows: 24 },
		{ columns: 200, rows: 60 },
		{ columns: 40, rows: 10 },
		{ columns: 20, rows: 5 },
		{ columns: 1, rows: 1 },
	];
	const views: readonly (readonly [string, Partial<View>])[] = [
		["domains", {}],
		["countries", { panel: "countries" }],
		["networks", { panel: "asns", filter: "as", scroll: 4 }],
		["health", { panel: "health" }],
		["help", { help: true }],
		["a filter that is typed", { panel: "countries", editing: true, filter: "日".repeat(60) }],
	];
	const scenes = [
		["busy", scene()],
		["quiet", scene(quietStatus)],
		["lost", scene(busyStatus, { lost: { reason: "it is gone ".repeat(20), lastMs: nowMs - 5_000 } })],
	] as const;
	describe.each(scenes)("of a %s exporter", (_, what) => {
		test.each(views)("of %s fits any terminal, in colour as in none", (_, view) => {
			for (const size of sizes) {
				for (const paint of [none, createPaint("colour")]) {
					const lines = linesOf(view, what, size, paint);
					expect(lines.length).toBeLessThanOrEqual(size.rows);
					for (const line of lines) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(size.columns);
				}
			}
		});
	});

	test("has all that is asked for in 80 columns and 24 rows", () => {
		const lines = linesOf({ panel: "countries" });
		expect(lines).toHaveLength(24);
		expect(lines[0]).toBe(" dnstt_exporter 1.0.0 on vps1  http://127.0.0.1:9713 up 19 d 1 h   20:30:00 UTC ");
		expect(lines.slice(2, 5).map((line) => line.trimEnd())).toEqual([
			" Active clients Queries        Received       Sent           Sessions",
			" 365            1,059 /s       150 kB/s       695 kB/s       13,505",
			" peak 512       33.3 M total   4.75 GB total  25.9 GB total  since start",
		]);
		expect(lines.slice(11, 14)).toEqual([
			" Country                     Active ▼    Queries/s       Sent    Round trip",
			" Iran (IR)                        187          542   356 kB/s         90 ms",
			" China (CN)                        64          186   122 kB/s        254 ms",
		]);
		expect(lines.at(-1)).toContain("q quit");
	});

	const tiles = (columns: number) =>
		linesOf({}, scene(), { columns, rows: 24 })
			.slice(2, 5)
			.map((line) => line.trimEnd());
	test.each<[title: string, columns: number, shown: string[]]>([
		[
			"the notes that have room only, from 75 columns down",
			75,
			[
				" Active clients Queries       Received      Sent          Sessions",
				" 365            1,059 /s      150 kB/s      695 kB/s      13,505",
				" peak 512       33.3 M total  4.75 GB total 25.9 GB total since start",
			],
		],
		[
			"all figures in 60 columns",
			60,
			[
				" Active clients Queries    Received   Sent       Sessions",
				" 365            1,059 /s   150 kB/s   695 kB/s   13,505",
				" peak 512",
			],
		],
		[
			"no sessions below 60 columns",
			59,
			[
				" Active clients Queries       Received      Sent",
				" 365            1,059 /s      150 kB/s      695 kB/s",
				" peak 512       33.3 M total  4.75 GB total 25.9 GB total",
			],
		],
		[
			"the way out before the way in",
			40,
			[" Active clients Queries     Sent", " 365            1,059 /s    695 kB/s", " peak 512"],
		],
		["active clients alone in 20 columns", 20, [" Active clients", " 365", " peak 512"]],
	])("has %s, and nothing of a tile is cut", (_, columns, shown) => {
		expect(tiles(columns)).toEqual(shown);
	});

	test("cuts no tile that it shows, however wide the terminal is", () => {
		for (let columns = 16; columns <= 200; columns++) expect(tiles(columns).join("\n")).not.toContain("…");
	});

	test("has more columns and bars where there is room", () => {
		const text = textOf({ panel: "countries" }, scene(), { columns: 130, rows: 30 });
		expect(text).toMatch(/^ Country .* Round trip +Retransmitted +Sessions$/m);
		expect(text).toMatch(/^ Iran \(IR\) .* 90 ms +0 % +6,919 {2}█+$/m);
		expect(text).toMatch(/^ China \(CN\) .* 254 ms .*█+▊$/m);
	});

	test("has internationalised domains in both forms", () => {
		const lines = linesOf();
		const at = lines.findIndex((line) => line.includes("t.امارات.example"));
		expect(lines[at + 1]?.trim()).toBe("t.xn--mgbaam7a8h.example");
	});

	const names = (view: Partial<View>, status?: Status) =>
		linesOf({ panel: "countries", ...view }, scene(status), { columns: 80, rows: 30 }).flatMap(
			(line) => /\(([A-Z]{2})\)/.exec(line)?.[1] ?? [],
		);
	const countries = firstView.sorting;
	test.each<[title: string, column: number, reversed: boolean, first: string[]]>([
		["active clients, most first", 1, false, ["IR", "CN"]],
		["active clients, least first", 1, true, ["GB", "BA"]],
		["name", 0, false, ["BA", "CN"]],
		["name, from the end", 0, true, ["VE", "GB"]],
		["round trip, longest first", 5, false, ["DE", "PK"]],
		["round trip, shortest first", 5, true, ["IR", "TM"]],
	])("is sorted by %s", (_, column, reversed, first) => {
		const shown = names({ sorting: { ...countries, countries: { column, reversed } } });
		expect(shown.slice(0, 2)).toEqual(first);
		// What was not measured is last in either direction.
		if (column === 5) expect(shown.slice(-2).toSorted()).toEqual(["BA", "GB"]);
	});

	test("shows the column that is sorted by, though others have no room then", () => {
		const sorting = { ...countries, countries: { column: 7, reversed: false } };
		expect(textOf({ panel: "countries", sorting })).toMatch(/^ Country .* Sessions ▼/m);
	});

	test("has the rows that a filter leaves, in any case, and says of how many", () => {
		expect(names({ filter: "AN" })).toEqual(["IR", "TM", "MM", "PK", "DE"]);
		expect(textOf({ panel: "countries", filter: "iran" })).toContain("1 of 12; Esc shows all");
		expect(textOf({ panel: "countries", filter: "iran" })).toMatch(/filter: iran $/m);
		expect(textOf({ panel: "countries", filter: "xyz" })).toContain("none of 12 has “xyz” in its name");
		expect(textOf({ panel: "domains", filter: "xn--mg" })).toContain("t.امارات.example");
		const networks = (filter: string) =>
			linesOf({ panel: "asns", filter }).filter((line) => /^ .*\(?AS\d/.test(line) && !line.startsWith("   "));
		for (const filter of ["irancell", "44244"]) {
			expect(networks(filter)).toEqual([expect.stringMatching(/^ Irancell \(AS44244\) +96 /)]);
		}
	});

	test("scrolls, and says how much is above and below", () => {
		const view = { panel: "asns", scroll: 3 } as const;
		const lines = linesOf(view, scene(), { columns: 80, rows: 23 });
		expect(lines[12]).toStartWith(" AS12389 ");
		expect(lines.at(-1)).toEndWith("↑ 3 ↓ 6 ");
		const { extent } = frameOf(scene(), { ...firstView, ...view }, { columns: 80, rows: 23 }, none);
		expect(extent).toEqual({ columns: 8, page: 10, rows: 19 });
	});

	test("says that there are more networks than it was given", () => {
		expect(textOf({ panel: "asns", scroll: 99 })).toContain("299 more, with fewer active clients, are in the metrics.");
	});

	test("has health with its conditions, and notes in full", () => {
		const text = textOf({ panel: "health" }, scene(), { columns: 80, rows: 40 });
		expect(text).toContain("\n   ! Many segments are retransmitted (since 20:20:00 UTC). ");
		expect(text).toMatch(/Round trip +183 ms {2}95 % within 612 ms/);
		expect(text).toMatch(/Responses +33\.2 M {2}NOERROR 33\.1 M, FORMERR 61,204,/);
		expect(text).toContain("NXDOMAIN");
		expect(text).not.toContain("…");
		expect(textOf()).toContain(" Tunnel health !1 ");
	});

	test("has the health since the start once, also while the recent figures are of the same time", () => {
		const titles = (seconds: number) => {
			const status = { ...busyStatus, recent: { ...busyStatus.recent, seconds } };
			const text = textOf({ panel: "health" }, scene(status), { columns: 100, rows: 60 });
			return [...text.matchAll(/Tunnel health (of .*|since .*)/g)].map(([, span = ""]) => span.trim());
		};
		expect(titles(300)).toEqual(["of the last 5 minutes", "since the start"]);
		expect(titles(299)).toEqual(["since the start"]);
	});

	test("has the share of the packets that were lost, of which the kernel counted its own as received", () => {
		const capture = { ...busyStatus.capture, received: 1_000, dropped_by_kernel: 500 };
		const text = textOf({ panel: "health" }, scene({ ...busyStatus, capture }), { columns: 100, rows: 50 });
		expect(text).toMatch(/Lost +500 {2}50 %: kernel 500, interface 0/);
	});

	test("says since when there is no answer, why, and fades the figures of then", () => {
		const lost = { reason: "cannot reach it", lastMs: nowMs - 65_000 };
		const lines = linesOf({}, scene(busyStatus, { lost }), { columns: 120, rows: 24 }, createPaint("colour"));
		expect(Bun.stripANSI(lines[0] ?? "")).toEndWith("20:28:55 UTC ");
		expect(lines[1]).toBe("\x1b[1;31m No answer since 20:28:55 UTC (1 min 5 s); showing the last figures.\x1b[0m");
		expect(lines[2]).toBe("\x1b[1;31m cannot reach it\x1b[0m");
		const figures = lines.filter((line) => line.includes("365") || line.includes("t.example.com"));
		expect(figures).toHaveLength(2);
		for (const line of figures) expect(line).toBe(`\x1b[2m${Bun.stripANSI(line)}\x1b[0m`);
	});

	test("says how all is and when the last query came, then the worst condition with what to do", () => {
		const [, , , , , , state, sentence] = linesOf();
		expect(state).toStartWith(" ● Many segments are retransmitted  ");
		expect(state).toEndWith("last query 20:29:59 UTC ");
		expect(sentence).toStartWith("   Retransmitted segments to clients: AS12389 41.0 %");
		expect(textOf({}, scene({ ...busyStatus, conditions: [] }))).toContain(" ● All is well ");
		expect(textOf({}, scene(quietStatus))).toContain("dig +trace NS t.example.com");
	});

	test("says which database is missing", () => {
		expect(textOf({ panel: "countries" }, scene(quietStatus))).toContain("--geoip.country-database");
		expect(textOf({ panel: "asns" }, scene(quietStatus))).toContain("--geoip.asn-database");
	});

	test("has no colour where none is wanted, and still tells the chosen panel", () => {
		const text = textOf({}, scene(), undefined, createPaint("plain"));
		expect(text).not.toMatch(/\[(\d+;)*3\dm/);
		expect(text).toContain("\x1b[7;1m Domains 2 \x1b[0m");
	});
});

test("while the capture is closed the figures are dim, and what is wrong is not", () => {
	const paint = createPaint("colour");
	const linesWhen = (up: boolean) =>
		linesOf({}, scene({ ...busyStatus, capture: { ...busyStatus.capture, up } }), undefined, paint);
	const isDim = (lines: readonly string[], text: string) =>
		lines.find((line) => line.includes(text))?.startsWith("\x1b[2m");
	expect(["1,059 /s", "t.example.com ", "Many segments"].map((text) => isDim(linesWhen(true), text))).toEqual([
		false,
		false,
		false,
	]);
	expect(["1,059 /s", "t.example.com ", "Many segments"].map((text) => isDim(linesWhen(false), text))).toEqual([
		true,
		true,
		false,
	]);
});

test("the bars are of the last hour's minutes, with a gap where there is no sample", () => {
	const minute = 60_000;
	const hour: [number, number][] = [
		[nowMs - 61 * minute, 99],
		[nowMs - 3 * minute, 4],
		[nowMs - 3 * minute + 10, 5],
		[nowMs - minute, 7],
	];
	expect(minutesOf({ hour }, nowMs)).toEqual([5, null, 7]);
	expect(minutesOf({ hour }, nowMs + 59_000)).toEqual([5, null, 7]);
	expect(minutesOf({ hour: [] }, nowMs)).toEqual([]);
	expect(minutesOf(null, nowMs)).toEqual([]);
});

test("a gap in the bars is explained beside them, and still grows", () => {
	const hour = Array.from({ length: 30 }, (_, index): [number, number] => [nowMs - (60 - index) * 60_000, 7]);
	const [line] = linesOf({}, { ...scene(), history: { hour } }).filter((text) => text.includes(" min, most "));
	expect(line?.trim()).toMatch(/^█+·+ {2}59 min, most 7, · not captured$/);
	expect(Bun.stringWidth(line ?? "")).toBeLessThanOrEqual(80);
});

test.each([
	["two hours ahead", 7_200_000],
	["two hours behind", -7_200_000],
])("the bars are there where the viewer's clock is %s", (_, aheadMs) => {
	expect(textOf({}, scene(busyStatus, { nowMs: nowMs + aheadMs }))).toMatch(/ 60 min, most \d+/);
});

test("the plain text has everything once and no control characters", () => {
	const text = plainText(scene(), 110, none);
	for (const part of [
		"365",
		"t.xn--mgbaam7a8h.example",
		"Iran (IR)",
		"AS44244",
		"299 more, with fewer",
		"183 ms",
		"Capture",
	]) {
		expect(text).toContain(part);
	}
	expect(text).not.toContain("\x1b");
	expect(text).not.toMatch(/ $/m);
});

test("what an exporter sends cannot act on the terminal", () => {
	const bad = "t.\x1b]0;owned\x07\u202eexample";
	const status = {
		...busyStatus,
		domains: [{ ...quietStatus.domains[0], domain: bad, domain_unicode: bad }],
	} as Status;
	expect(textOf({}, scene(status))).toContain("t.�]0;owned��example");
});
