/**
 * Upstream retransmissions of a simulated KCP client, whose every sending is known, through resolvers that reorder, lose and
 * copy queries. What is counted is never more than what was sent again and came.
 */
import { describe, expect, test } from "bun:test";
import { seededRandom } from "../../support/messages.ts";
import { trackerOf } from "./observing.ts";

interface Path {
	/** Least and most time from the client to the server through each resolver, ms. */
	readonly delaysMs: readonly (readonly [least: number, most: number])[];
	/** Of queries, before the server. */
	readonly lossRatio: number;
	/** Of queries that a resolver sends to the server twice, and how much later. */
	readonly copyRatio: number;
	readonly copyMs: number;
}

interface Sending {
	readonly sequence: number;
	readonly stampMs: number;
	readonly arrivalMs: number;
	/** Sent before, whether that came or not. */
	readonly isAgain: boolean;
	readonly isCopy: boolean;
}

const segments = 3_000;
const window = 32;
const flushMs = 20;
const resendMs = 400;
/** When the client learns that its segment came. */
const ackMs = 150;

/** The sendings that come to the server, in the order of their arrival. */
function arrivals(path: Path, seed: number): Sending[] {
	const random = seededRandom(seed);
	const arrived: Sending[] = [];
	const sentMs = new Map<number, number>();
	const acknowledgedMs = new Map<number, number>();
	let first = 0;
	let next = 0;
	const send = (sequence: number, nowMs: number) => {
		const isAgain = sentMs.has(sequence);
		sentMs.set(sequence, nowMs);
		if (random() < path.lossRatio) return;
		const [least, most] = path.delaysMs[Math.floor(random() * path.delaysMs.length)] as readonly [number, number];
		const arrivalMs = nowMs + least + random() * (most - least);
		const sending = { sequence, stampMs: nowMs, arrivalMs, isAgain, isCopy: false };
		arrived.push(sending);
		acknowledgedMs.set(sequence, Math.min(acknowledgedMs.get(sequence) ?? Number.POSITIVE_INFINITY, arrivalMs + ackMs));
		if (random() < path.copyRatio)
			arrived.push({ ...sending, arrivalMs: arrivalMs + path.copyMs * (1 + random()), isCopy: true });
	};
	for (let nowMs = 1_000; first < segments; nowMs += flushMs) {
		const isAcknowledged = (sequence: number) => (acknowledgedMs.get(sequence) ?? Number.POSITIVE_INFINITY) <= nowMs;
		while (isAcknowledged(first)) first++;
		for (let sequence = first; sequence < next; sequence++) {
			if (!isAcknowledged(sequence) && nowMs - (sentMs.get(sequence) ?? 0) >= resendMs) send(sequence, nowMs);
		}
		for (let more = 0; more < 2 && next < Math.min(first + window, segments); more++) send(next++, nowMs);
	}
	return arrived.sort((a, b) => a.arrivalMs - b.arrivalMs);
}

/** How many of them a session counts as sent again, and how many were. */
function counted(sendings: readonly Sending[]): { readonly counted: number; readonly truth: number } {
	const { parts } = trackerOf();
	const entry = parts.touchSessionAt(1, 2, 0, 0, 0);
	const again = pushRepeated();
	const pushes = sendings.map(({ sequence, stampMs }) => parts.pushUpstreamOf(entry, sequence, stampMs, 7));
	return {
		counted: pushes.filter((push) => push === again).length,
		truth: sendings.filter(({ isAgain, isCopy }) => isAgain && !isCopy).length,
	};
}

/** What a push is that was sent before. */
function pushRepeated(): number {
	const { parts } = trackerOf();
	const entry = parts.touchSessionAt(1, 2, 0, 0, 0);
	parts.pushDownstreamOf(entry, 1, 7);
	return parts.pushDownstreamOf(entry, 1, 7);
}

const threeResolvers: Path["delaysMs"] = [
	[20, 60],
	[60, 160],
	[120, 240],
];
const inOrder: Path["delaysMs"] = [[50, 50]];
const lossless = { lossRatio: 0, copyRatio: 0, copyMs: 0 };

describe("of what a client sends again", () => {
	const nothing: readonly [title: string, path: Path][] = [
		["one resolver that keeps the order", { ...lossless, delaysMs: inOrder }],
		["three resolvers that reorder", { ...lossless, delaysMs: threeResolvers }],
		["a resolver that asks again", { ...lossless, delaysMs: inOrder, copyRatio: 0.2, copyMs: 400 }],
		[
			"three resolvers that reorder and ask again",
			{ ...lossless, delaysMs: threeResolvers, copyRatio: 0.2, copyMs: 900 },
		],
	];
	test.each(nothing)("nothing is counted where nothing was lost: %s", (_, path) => {
		for (const seed of [1, 2, 3]) expect(counted(arrivals(path, seed))).toEqual({ counted: 0, truth: 0 });
	});

	const losses: readonly [title: string, path: Path, least: number][] = [
		["loss before the server", { delaysMs: inOrder, lossRatio: 0.15, copyRatio: 0, copyMs: 0 }, 0.9],
		[
			"the same, and a resolver that asks again",
			{ delaysMs: inOrder, lossRatio: 0.15, copyRatio: 0.2, copyMs: 400 },
			0.9,
		],
		[
			"three resolvers that reorder, and loss",
			{ delaysMs: threeResolvers, lossRatio: 0.15, copyRatio: 0, copyMs: 0 },
			0.3,
		],
		["all together", { delaysMs: threeResolvers, lossRatio: 0.15, copyRatio: 0.2, copyMs: 400 }, 0.3],
	];
	test.each(losses)("never more is counted than came, and most: %s", (title, path, least) => {
		for (const seed of [1, 2, 3]) {
			const { counted: again, truth } = counted(arrivals(path, seed));
			console.log(`${title}: ${again} of ${truth}`);
			expect(truth).toBeGreaterThan(300);
			expect(again).toBeLessThanOrEqual(truth);
			expect(again).toBeGreaterThanOrEqual(truth * least);
		}
	});
});
