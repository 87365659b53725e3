import { describe, expect, test } from "bun:test";
import { readRecording } from "../src/assets/recording.ts";
import { LinkType } from "../src/capture/source.ts";
import { faultNames, foreignNames, rcodeNames, refusalNames, segmentFaultNames } from "../src/engine/names.ts";
import type { Tracker } from "../src/engine/tracker.ts";
import { byReason } from "../src/report/figures.ts";
import { warmUp } from "../src/warmup.ts";
import "./support/engine.ts";

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

/** What the frames came to; of all that is wrong only what there was. */
function outcomesOf(tracker: Tracker) {
	return {
		queries: tracker.queries.sum,
		responses: sum(rcodeNames.map((_, rcode) => tracker.responsesOf(0, rcode))),
		unmatched: tracker.unmatched.sum,
		copies: tracker.duplicates,
		faults: byReason(faultNames, (reason) => tracker.faultsOf(reason)),
		foreign: byReason(foreignNames, (reason) => tracker.foreignOf(reason)),
		refused: byReason(refusalNames, (reason) => tracker.refusalsOf(0, reason)),
		segmentFaults: byReason(segmentFaultNames, (reason) => tracker.segmentFaultsOf(reason)),
	};
}
const noneWrong = { unmatched: 0, copies: 0, faults: {}, foreign: {}, refused: {} };

const linkTypes = Object.values(LinkType).filter((value) => typeof value === "number");

describe("the warm-up", () => {
	test.each(linkTypes.map((linkType) => [LinkType[linkType] as string, linkType] as const))(
		"with frames of %s sends queries and responses, and nothing else",
		async (_, linkType) => {
			const slice = (await readRecording()).slice(0, 256);
			const queries = slice.filter(({ toServer }) => toServer).length;
			const tracker = await warmUp(
				linkType,
				async () => {},
				() => true,
			);
			expect(outcomesOf(tracker)).toEqual({ queries, responses: 256 - queries, ...noneWrong, segmentFaults: {} });
		},
	);

	test.each([1, 2, 7])("ends after slice %i when it is over then", async (slices) => {
		let pauses = 0;
		const tracker = await warmUp(
			LinkType.EN10MB,
			async () => void pauses++,
			() => pauses === slices,
		);
		expect(pauses).toBe(slices);
		const { queries, responses } = outcomesOf(tracker);
		expect(queries + responses).toBe(slices * 256);
	});

	test("that nobody ends goes on for 40,000 frames, in rounds whose sessions end in the next", async () => {
		const tracker = await warmUp(
			LinkType.EN10MB,
			async () => {},
			() => false,
		);
		const clients = new Set((await readRecording()).map(({ client }) => client)).size;
		const all = Array.from({ length: tracker.sets.size }, (_, set) => set);
		// Each round has the stamps of the first, as of a server that was started anew: until its clock is known, echoes are wrong.
		const { queries, responses, segmentFaults, ...wrong } = outcomesOf(tracker);
		// The last slice may not be full.
		expect(queries + responses).toBeGreaterThan(40_000 - 256);
		expect(wrong).toEqual(noneWrong);
		expect(Object.keys(segmentFaults)).toEqual(["echo"]);
		expect(tracker.activeByDomain.sum).toBe(clients);
		expect(tracker.sessionsBegun.sum).toBeGreaterThan(10 * clients);
		expect(tracker.lives.distribution(all).count).toBe(tracker.sessionsBegun.sum - clients);
	});
});
