import { describe, expect, test } from "bun:test";
import type { Status } from "../../../src/status/status.ts";
import { pageDocument } from "../../../src/web/page/document.ts";
import { firstSortings, parts, type Sorting } from "../../../src/web/page/parts.ts";
import { busyHistory, busyStatus, quietStatus } from "./fixture.ts";

function partsOf(status: Status, countries: Sorting = firstSortings.countries) {
	return parts(status, [], (time) => time, { ...firstSortings, countries });
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
		const all = parts(busyStatus, [], String, {
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

describe("the notice", () => {
	const capture = quietStatus.capture;
	const rows: [string, Status, string][] = [
		["is empty while there is traffic", busyStatus, ""],
		["says that no packet came", quietStatus, "no packets received yet"],
		[
			"says that packets are not the tunnel's",
			{ ...quietStatus, capture: { ...capture, received: 7 } },
			"7 packets received, no tunnel query among them",
		],
		[
			"says that queries are for another domain",
			{ ...quietStatus, capture: { ...capture, received: 7, unrelated_packets: { domain: 5 } } },
			"5 DNS messages, none for t.example.com",
		],
		[
			"says that only probes came",
			{ ...quietStatus, domains: quietStatus.domains.map((row) => ({ ...row, refused_queries: 2 })) },
			"2 queries for t.example.com, all refused",
		],
		[
			"says that the capture is closed, even with traffic",
			{ ...busyStatus, capture: { ...capture, up: false } },
			"The capture is closed",
		],
	];
	test.each(rows)("%s", (_title, status, text) => {
		const { notice } = partsOf(status);
		if (text === "") expect(notice).toBe("");
		else expect(notice).toContain(text);
	});
});

test("what makes a client active stands with the active clients, and sessions are counted since the start", () => {
	const { now = "" } = partsOf({ ...busyStatus, active_window_seconds: 45 });
	const [lead = "", tiles = ""] = now.split("<dl");
	expect(lead).toContain("Active for 45 s after a query");
	expect(tiles).not.toContain("after a query");
	expect(tiles).toMatch(/<dt>Sessions<\/dt>.*<span class="note">since start</);
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
		diagnosis: [hostile],
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
