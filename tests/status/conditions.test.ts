/** Each condition, brought about in a tracker with a moved clock, is seen to begin and to end: in the status, in `top` and in the log. */
import { describe, expect, test } from "bun:test";
import { responseScale, timeScale } from "../../src/engine/histogram.ts";
import { createConditionLog } from "../../src/exporter/condition-log.ts";
import type { DatabaseState } from "../../src/metrics/sources.ts";
import { createFeed } from "../../src/status/feed.ts";
import { sampleMs } from "../../src/status/history.ts";
import { type ConditionId, conditionTexts } from "../../src/summary/condition-texts.ts";
import type { OtherTunnel } from "../../src/summary/other-tunnels.ts";
import { frameOf } from "../../src/top/frame.ts";
import { createPaint } from "../../src/top/paint.ts";
import { readingSchema } from "../../src/top/reading.ts";
import { firstView } from "../../src/top/view.ts";
import { DomainCell, ProcessCell, SetCell } from "../../src/wasm/shared/cells.ts";
import { domainVoteBytes, labelAt, lookalikeAt, recordTypeAt, votesAt } from "../../src/wasm/shared/domainvote.ts";
import { Lookalike, Refusal, Unrelated } from "../../src/wasm/shared/fault.ts";
import { HistogramId } from "../../src/wasm/shared/ids.ts";
import { RecordType } from "../../src/wasm/shared/wire.ts";
import { createDependencies } from "../support/observed.ts";
import { begin, query, second, trackerOf } from "../wasm/track/observing.ts";

const formErr = 1;

/** A feed over a tracker of one domain; time passes in steps of a sample. */
function running() {
	let nowUs = begin;
	const dependencies = createDependencies(() => nowUs);
	const tracker = trackerOf({ domains: 1 });
	const { parts } = tracker;
	const state = {
		up: true,
		failure: null as string | null,
		sinceUs: begin,
		dropped: 0,
		received: 0,
		certificate: null as string | null,
		discovered: [] as OtherTunnel[],
		buildTimeSeconds: begin / second,
		/** What comes in each second. */
		traffic: () => {},
	};
	const database = (): DatabaseState => ({
		...{ database: "country", type: "GeoLite2-Country", reloads: 0, reloadFailures: 0, lookupFailures: 0 },
		buildTimeSeconds: state.buildTimeSeconds,
	});
	const timers = new Map<() => void, number>();
	const feed = createFeed({
		sources: {
			tracker,
			domains: ["t0.example.com"],
			geoLabels: { hasCountry: false, hasAsn: false, origins: [], databases: () => [database()] },
			build: { version: "1.0.0", revision: "", bunVersion: "" },
			capture: () => ({
				interfaceName: "eth0",
				up: state.up,
				counts: new Map([
					["eth0", { reopened: 0, received: state.received, droppedByKernel: state.dropped, droppedByInterface: 0 }],
				]),
			}),
			configReload: () => null,
			certificateNotAfterSeconds: () => null,
		},
		passTime() {},
		activeWindowMs: 30_000,
		host: "vps1",
		captureFailure: () => state.failure,
		certificateProblem: () => state.certificate,
		discovered: () => state.discovered,
		reports: createConditionLog(dependencies.log),
		capture: () => ({ ports: [53], sinceUs: state.sinceUs }),
		wallUs: () => nowUs,
		monotonicUs: () => nowUs,
		every(work, intervalMs) {
			timers.set(work, intervalMs);
			return () => timers.delete(work);
		},
	});
	query(tracker, 0, { id: 1, domain: 0 });
	const [row, domainRow] = [parts.setRow(0), parts.domainRow(0)];
	return {
		state,
		tracker,
		addToSet: (cell: SetCell, count: number) => parts.add(row, cell, count),
		/** As if the first query had not come. */
		forgetQuery() {
			parts.add(row, SetCell.Queries, -1);
			parts.add(domainRow, DomainCell.LastQuery, -begin);
		},
		/** Ten queries came by now, of `clients` clients. */
		queries(clients = 1) {
			parts.add(row, SetCell.Queries, 10);
			parts.add(domainRow, DomainCell.LastQuery, nowUs - tracker.lastQueryUs.at(0));
			parts.add(domainRow, DomainCell.Active, clients - tracker.activeByDomain.at(0));
		},
		responses() {
			parts.add(domainRow, DomainCell.Responses, 10);
			parts.add(domainRow, DomainCell.LastResponse, nowUs - tracker.lastResponseUs.at(0));
		},
		addToDomain: (cell: number, count: number) => parts.add(domainRow, cell, count),
		addToProcess: (cell: number, count: number) => parts.add(tracker.parts.processRow(), cell, count),
		/** Queries that show a domain of one label more. */
		addLabelled(label: string, count: number) {
			const vote = new DataView(parts.memory.buffer, parts.domainVotes(), domainVoteBytes);
			vote.setUint32(votesAt, count, true);
			vote.setUint32(lookalikeAt, Lookalike.Dnstt, true);
			vote.setUint32(recordTypeAt, RecordType.Txt, true);
			vote.setUint8(labelAt, label.length);
			for (let index = 0; index < label.length; index++) vote.setUint8(labelAt + 1 + index, label.charCodeAt(index));
			parts.add(domainRow, DomainCell.Labelled, count);
		},
		/** More clients than the table of sessions holds. */
		flood() {
			for (let id = 2; id < 1_100; id++) query(tracker, nowUs - begin, { id, domain: 0 });
		},
		observe(id: HistogramId, ms: number, count: number) {
			const { unitsPerBase } = id === HistogramId.ResponseTimes ? responseScale : timeScale;
			for (let value = 0; value < count; value++) parts.observeValue(id, 0, (ms / 1_000) * unitsPerBase);
			parts.flushPending();
		},
		pass(seconds: number) {
			for (let passed = 0; passed < seconds; passed += sampleMs / 1_000) {
				nowUs += sampleMs * 1_000;
				state.traffic();
				for (const [work, intervalMs] of timers) if (intervalMs === sampleMs) work();
			}
		},
		ids: () => feed.status().conditions.map(({ id }) => id),
		since: (id: ConditionId) => feed.status().conditions.find((condition) => condition.id === id)?.since,
		top() {
			const reading = readingSchema.parse(JSON.parse(JSON.stringify(feed.status())));
			const scene = { url: "http://h", reading, history: null, lost: null, nowMs: nowUs / 1_000 };
			const view = { ...firstView, panel: "health" } as const;
			return frameOf(scene, view, { columns: 200, rows: 60 }, createPaint("none")).lines.join("\n");
		},
		lines: (id: ConditionId) => dependencies.logged.filter((line) => line.includes(`condition=${id} `)),
		logged: (id: ConditionId) =>
			dependencies.logged
				.filter((line) => line.includes(`condition=${id} `))
				.map((line) => /level=(\w+) msg="([^"]*)"/.exec(line)?.slice(1).join(" ")),
	};
}

type World = ReturnType<typeof running>;

/** A query each second, and a response to each. */
function healthy(world: World, clients = 1): () => void {
	return () => {
		world.queries(clients);
		world.responses();
	};
}

const queriesOnly = (world: World) => () => world.queries();

/** How each is brought about, and for how long it takes. What was added once is forgotten five to six minutes later. */
const rows: readonly [
	id: ConditionId,
	bring: (world: World) => void,
	seconds: number,
	mend?: (world: World) => void,
][] = [
	["server_silent", (world) => (world.state.traffic = queriesOnly(world)), 60],
	["no_clients", (world) => (world.state.traffic = () => {}), 320],
	[
		"no_queries",
		(world) => {
			world.state.traffic = healthy(world, 5);
			world.pass(10);
			world.state.traffic = () => {};
		},
		320,
	],
	[
		"capture_closed",
		(world) => Object.assign(world.state, { up: false, failure: "interface eth0 is gone" }),
		10,
		(world) => Object.assign(world.state, { up: true, failure: null }),
	],
	[
		"responses_only",
		(world) => {
			world.state.traffic = () => world.addToDomain(DomainCell.Unmatched, 10);
		},
		400,
	],
	[
		"other_tunnel",
		(world) => {
			world.addToDomain(DomainCell.Lookalikes + 3, 40);
		},
		10,
	],
	["parent_domain", (world) => world.addLabelled("t", 40), 10],
	["unanswered", (world) => world.addToSet(SetCell.Unanswered, 30), 10],
	["formerr", (world) => world.addToDomain(DomainCell.Responses + formErr, 60), 10],
	[
		"mtu_mismatch",
		(world) => {
			world.addToDomain(DomainCell.Refusals + Refusal.Edns, 20);
			world.addToDomain(DomainCell.SmallAnswered, 20);
		},
		10,
	],
	[
		"small_edns",
		(world) => {
			world.addToSet(SetCell.Edns, 500);
			world.addToDomain(DomainCell.Refusals + Refusal.Edns, 500);
		},
		10,
	],
	["truncated", (world) => world.addToDomain(DomainCell.Truncated, 20), 10],
	["slow_responses", (world) => world.observe(HistogramId.ResponseTimes, 2_000, 60), 10],
	["slow_round_trips", (world) => world.observe(HistogramId.RoundTrips, 3_000, 60), 10],
	[
		"retransmissions",
		(world) => {
			world.addToSet(SetCell.DownstreamPushes, 100);
			world.addToSet(SetCell.DownstreamRetransmissions, 50);
		},
		10,
	],
	["packets_dropped", (world) => Object.assign(world.state, { received: 1_000, dropped: 100 }), 10],
	["tables_full", (world) => world.flood(), 10],
	["label_sets_full", (world) => world.addToProcess(ProcessCell.Overflowed, 5), 10],
	[
		"geoip_old",
		(world) => (world.state.buildTimeSeconds -= 61 * 86_400),
		10,
		(world) => (world.state.buildTimeSeconds += 61 * 86_400),
	],
	[
		"certificate",
		(world) => (world.state.certificate = "one.crt is valid up to 2023-11-20."),
		10,
		(world) => (world.state.certificate = null),
	],
];

describe("a condition begins and ends in the status, in top and in the log:", () => {
	// As objects: in place of what a shorter row lacks the runner passes a function of its own.
	const cases = rows.map(([id, bring, seconds, mend]) => ({ id, bring, seconds, mend }));
	test.each(cases)("$id", ({ id, bring, seconds, mend }) => {
		const world = running();
		const { title } = conditionTexts[id];
		world.state.traffic = healthy(world);
		for (let window = 0; window < 2; window++) {
			world.pass(400);
			expect(world.ids()).toEqual([]);
		}
		expect(world.top()).toContain("● All is well");
		bring(world);
		world.pass(seconds);
		expect(world.ids()).toContain(id);
		expect(world.since(id)).toMatch(/^2023-11-14T/);
		expect(world.top()).toContain(title);
		const isLogged = id !== "capture_closed";
		const began = `${id === "no_clients" ? "info" : "warn"} condition began`;
		expect(world.logged(id)).toEqual(isLogged ? [began] : []);
		mend?.(world);
		world.state.traffic = healthy(world);
		world.pass(400);
		expect(world.ids()).toEqual([]);
		expect(world.top()).not.toContain(title);
		expect(world.logged(id)).toEqual(isLogged ? [began, "info condition ended"] : []);
	});

	test("nothing_yet, in the log after a minute, with what came instead", () => {
		const world = running();
		world.forgetQuery();
		world.addToProcess(ProcessCell.Unrelated + Unrelated.Domain, 7);
		world.pass(50);
		expect([world.ids(), world.logged("nothing_yet")]).toEqual([["nothing_yet"], []]);
		expect(world.top()).toContain(
			"No query for t0.example.com on eth0, UDP port 53: 7 DNS messages were for other domains.",
		);
		world.pass(30);
		expect(world.logged("nothing_yet")).toEqual(["warn condition began"]);
		world.state.traffic = healthy(world);
		world.pass(10);
		expect([world.ids(), world.logged("nothing_yet")]).toEqual([[], ["warn condition began", "info condition ended"]]);
	});

	test("parent_domain, beside nothing_yet, where all queries are refused as the label is no base32", () => {
		const world = running();
		world.forgetQuery();
		world.addToDomain(DomainCell.Refusals + Refusal.Base32, 40);
		world.addLabelled("1", 40);
		world.pass(10);
		expect(world.ids()).toEqual(["parent_domain", "nothing_yet"]);
		expect(world.top()).toContain("--dnstt.domain 1.t0.example.com.");
	});

	test("nothing_yet names the tunnels that were recognised elsewhere, while nothing comes", () => {
		const world = running();
		world.forgetQuery();
		world.state.discovered = [
			{
				...{ domain: "t0.example.com", port: 53, interfaces: ["eth1"] },
				format: { wire: "dnstt", record_type: "txt", clientid_size: 8 },
			},
		];
		world.pass(80);
		const named =
			"Looks like dnstt under t0.example.com on port 53 on eth1: --dnstt.domain t0.example.com --dnstt.port 53 --capture.interface any.";
		expect(world.top()).toContain(named);
		expect(world.lines("nothing_yet")).toEqual([expect.stringContaining(named)]);
		world.state.traffic = healthy(world);
		world.pass(10);
		expect([world.ids(), world.top().includes("Looks like")]).toEqual([[], false]);
	});

	test("other_tunnel, also where all of its queries are refused, and what else is wrong before the first query", () => {
		const world = running();
		world.forgetQuery();
		world.pass(400);
		world.addToDomain(DomainCell.Refusals + Refusal.Qtype, 40);
		world.addToDomain(DomainCell.Lookalikes + 3, 40);
		Object.assign(world.state, { received: 1_000, dropped: 100 });
		world.pass(10);
		expect(world.ids()).toEqual(["other_tunnel", "packets_dropped", "nothing_yet"]);
		world.pass(400);
		expect(world.ids()).toEqual(["nothing_yet"]);
	});

	test("queries_only, where there never was a response", () => {
		const world = running();
		world.state.traffic = queriesOnly(world);
		world.pass(60);
		expect([world.ids(), world.logged("queries_only")]).toEqual([["queries_only"], ["warn condition began"]]);
		world.state.traffic = healthy(world);
		world.pass(400);
		expect(world.ids()).toEqual([]);
	});
});

test("a cache of resolvers that is full is no condition: each new one evicts one for ever", () => {
	const world = running();
	world.state.traffic = healthy(world);
	world.pass(400);
	world.tracker.parts.evictResolvers(70_000);
	expect(world.tracker.tables.resolvers.evicted).toBe(70_000);
	world.pass(10);
	expect(world.ids()).toEqual([]);
});

test("a condition that returns, or lasts, is in the log once an hour at most", () => {
	const world = running();
	world.state.traffic = healthy(world);
	world.pass(400);
	for (let turn = 0; turn < 5; turn++) {
		world.addToSet(SetCell.Unanswered, 200);
		world.pass(400);
	}
	expect(world.logged("unanswered")).toEqual(["warn condition began", "info condition ended"]);
	world.state.traffic = () => {};
	world.pass(3 * 3_600);
	expect(world.logged("no_clients")).toEqual(["info condition began", "info condition began", "info condition began"]);
});

test("a bad first hour is forgotten after five minutes, and an outage after a week is noticed", () => {
	const world = running();
	world.state.traffic = () => {
		healthy(world)();
		world.addToSet(SetCell.DownstreamPushes, 100);
		world.addToSet(SetCell.DownstreamRetransmissions, 50);
	};
	world.pass(3_600);
	expect(world.ids()).toEqual(["retransmissions"]);
	world.state.traffic = healthy(world);
	world.pass(400);
	expect(world.ids()).toEqual([]);
	world.addToSet(SetCell.Queries, 1e7);
	world.addToDomain(DomainCell.Responses, 1e7);
	world.pass(400);
	world.state.traffic = queriesOnly(world);
	world.pass(60);
	expect(world.ids()).toContain("server_silent");
});
