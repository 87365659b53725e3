import { describe, expect, test } from "bun:test";
import type { Status } from "../../../src/status/status.ts";
import { pageDocument } from "../../../src/web/page/document.ts";
import { firstSortings, parts, type Sorting } from "../../../src/web/page/parts.ts";
import { busyHistory, busyStatus, quietStatus } from "./fixture.ts";

function partsOf(status: Status, countries: Sorting = firstSortings.countries) {
	return parts(status, (time) => time, { ...firstSortings, countries });
}

/** The first words of a table's rows. */
function names(rows: string | undefined): string[] {
	return [...(rows ?? "").matchAll(/<th scope="row"><span>([^<]*)</g)].map(([, name]) => name ?? "");
}

describe("rankings", () => {
	const sorted = (column: number, reversed: boolean) =>
		names(partsOf(busyStatus, { column, reversed, all: true })["countries-rows"]);

	test("are sorted by any column, both ways, with what was not measured last in both", () => {
		const [name, active, roundTrip] = [0, 1, 5];
		expect(sorted(active, false).slice(0, 3)).toEqual(["Iran (IR)", "China (CN)", "Russia (RU)"]);
		expect(sorted(active, true)[0]).toBe("United Kingdom (GB)");
		expect(sorted(name, false)[0]).toBe("Bosnia &amp; Herzegovina (BA)");
		expect(sorted(name, true)[0]).toBe("Venezuela (VE)");
		for (const reversed of [true, false])
			expect(sorted(roundTrip, reversed).slice(-2)).toEqual(["Bosnia &amp; Herzegovina (BA)", "United Kingdom (GB)"]);
	});

	test("show fifteen rows until all are asked for, and say what is left out", () => {
		const few = partsOf(busyStatus);
		expect(names(few["asns-rows"]).length).toBe(15);
		expect(few["asns-more"]).toContain("Show all 18</button> 299 more");
		const all = parts(busyStatus, String, {
			...firstSortings,
			asns: { ...firstSortings.asns, all: true },
		});
		expect(names(all["asns-rows"]).length).toBe(18);
		expect(all["asns-more"]).toContain("Show fewer");
		expect(few["countries-more"]).toBe("");
	});

	test("name the country, what no database knows, and what there was no room for", () => {
		const [row] = busyStatus.countries?.rows ?? [];
		if (row === undefined) throw new Error("no rows");
		const rows = ["DE", "ZZ", "other", "AX"].map((country) => ({ ...row, country }));
		const status = { ...busyStatus, countries: { rows, count: 4 } };
		expect(names(partsOf(status)["countries-rows"])).toEqual([
			"Germany (DE)",
			"Unknown country",
			"Other countries",
			"Åland Islands (AX)",
		]);
	});
});

test("a network's row has who runs it beside the number, as text", () => {
	const rows = partsOf(busyStatus)["asns-rows"];
	expect(names(rows).slice(0, 3)).toEqual(["Irancell (AS44244)", "Iran &lt;Telecom&gt; &amp; Co. (AS58224)", "AS4134"]);
});

describe("how all is", () => {
	test("stands first: all is well without a condition, else the worst and how many more", () => {
		const [warning] = busyStatus.conditions;
		if (warning === undefined) throw new Error("no condition");
		const stateOf = (conditions: Status["conditions"]) => partsOf({ ...busyStatus, conditions }).state;
		expect(stateOf([])).toContain('data-severity="good">All is well<');
		expect(stateOf([warning])).toContain('data-severity="warning">Many segments are retransmitted<');
		expect(stateOf([warning, warning, warning])).toContain(">Many segments are retransmitted – and 2 more<");
	});

	test("has the time of the last query of any domain", () => {
		expect(partsOf(busyStatus).state).toContain('Last query <time datetime="2026-11-24T20:29:59.000Z">');
		expect(partsOf(quietStatus).state).not.toContain("Last query");
	});

	test("has each condition with its begin, what was seen and what to do", () => {
		const { conditions = "" } = partsOf(busyStatus);
		expect(conditions).toContain('<li data-severity="warning"><h2>Many segments');
		expect(conditions).toContain('since <time datetime="2026-11-24T20:20:00.000Z">');
		expect(conditions).toContain("AS12389 41.0 % (elsewhere 1.1 %).</p><p>Packets are lost");
	});
});

test("what makes a client active stands with the active clients, and sessions are counted since the start", () => {
	const { now = "" } = partsOf({ ...busyStatus, active_window_seconds: 45 });
	const [lead = "", tiles = ""] = now.split("<dl");
	expect(lead).toContain("Active for 45 s after a query");
	expect(tiles).not.toContain("after a query");
	expect(tiles).toMatch(/<dt>Sessions<\/dt>.*<span class="note">since start</);
});

test("the health since the start has its own part, once that is longer than the recent figures", () => {
	expect(partsOf(busyStatus)).toMatchObject({ "health-span": "of the last 5 minutes" });
	expect(partsOf(busyStatus)["health-total"]).toStartWith(
		`<h2>Tunnel health <span class="of">since the start</span></h2>`,
	);
	const fresh = partsOf({ ...busyStatus, recent: { ...busyStatus.recent, seconds: 299 } });
	expect(fresh).toMatchObject({ "health-span": "since the start", "health-total": "" });
	expect(fresh.health).toContain("Round trip");
});

test("numbers of four digits have their comma", () => {
	expect(partsOf(busyStatus).health).toContain("less than 1,232 bytes");
});

test("text from outside is escaped wherever it stands", () => {
	const hostile = `<img src=x onerror="x">`;
	const status: Status = {
		...busyStatus,
		version: hostile,
		domains: busyStatus.domains.map((row) => ({ ...row, domain: hostile, domain_unicode: hostile })),
		health: { ...busyStatus.health, refused: { [hostile]: 1 } },
		host: hostile,
		conditions: busyStatus.conditions.map((one) => ({ ...one, sentence: hostile, remedy: hostile })),
		capture: { ...busyStatus.capture, interface: hostile },
	};
	for (const one of [status, { ...status, total: { ...status.total, queries: 0 } }]) {
		expect(pageDocument(one, busyHistory, "/metrics")).not.toContain("<img");
	}
});

test("the page as served has the figures in it and nothing that its policy blocks", () => {
	const page = pageDocument(busyStatus, busyHistory, "/probe");
	expect(page).toContain(`data-figure="active">365<`);
	expect(page).toContain(`href="/probe"`);
	expect(page).toContain("t.امارات.example");
	expect(page).not.toMatch(
		/<style|style=|\son\w+=|<script(?! type="module" src="\/page.js")|https?:(?!\/\/www\.w3\.org)/,
	);
});

test("losses of the capture are a warning with what helps", () => {
	const dropped = { ...busyStatus, capture: { ...busyStatus.capture, received: 1_000, dropped_by_kernel: 100 } };
	expect(partsOf(dropped).capture).toContain(`<div class="warning"><dt>Lost</dt><dd>100`);
	expect(partsOf(dropped).capture).toContain("10 %: kernel 100");
	expect(partsOf(busyStatus).capture).not.toContain("warning");
});
