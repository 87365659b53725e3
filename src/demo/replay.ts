import { freshKey, type RecordedMessage, withFreshId, withLaterStamps } from "./recording.ts";

/** How many times the recording runs at one time, each started a while after the one before. */
export const playersCount = 5;
const staggerMs = 1_200;
/** From the end of a round's last message to the next round, so that one sees it begin. */
const roundPauseMs = 1_000;

/** Sends one message to the server or back; `slot` is the number of the client's place in this round, from 0. */
export type Send = (bytes: Uint8Array, toServer: boolean, slot: number) => void;

/**
 * Sends the messages at the pace of the recording, round after round, each with client ids of its own, in places that are dealt anew, and
 * with the stamps of its time: stamps that come twice would make round trips as long as a round.
 */
export function startReplay(messages: readonly RecordedMessage[], send: Send): { stop(): void } {
	// Compiled before the first message is due: one that leaves late has a stamp that is too old.
	for (const { bytes } of messages) withLaterStamps(withFreshId(bytes, freshKey()), 0);
	const recordedClients = Math.max(...messages.map(({ client }) => client)) + 1;
	const firstMs = performance.now();
	let slots: number[] = [];
	const stops = Array.from({ length: playersCount }, (_, player) => {
		let timer: ReturnType<typeof setTimeout>;
		// A round begins when its timer fires: late or not, its messages keep their distances.
		const round = () => {
			const startMs = performance.now();
			if (player === 0) slots = shuffled(playersCount * recordedClients);
			const clients = slots
				.slice(player * recordedClients, (player + 1) * recordedClients)
				.map((slot) => ({ slot, key: freshKey() }));
			const shiftMs = Math.round(startMs - firstMs);
			let next = 0;
			const advance = () => {
				for (let message = messages[next]; message !== undefined; message = messages[next]) {
					const waitMs = message.afterMs - (performance.now() - startMs);
					if (waitMs > 0) {
						timer = setTimeout(advance, waitMs);
						return;
					}
					const { slot, key } = clients[message.client] as (typeof clients)[number];
					send(withLaterStamps(withFreshId(message.bytes, key), shiftMs), message.toServer, slot);
					next++;
				}
				timer = setTimeout(round, roundPauseMs + (playersCount - 1) * staggerMs);
			};
			advance();
		};
		timer = setTimeout(round, player * staggerMs);
		return () => clearTimeout(timer);
	});
	return {
		stop() {
			for (const stop of stops) stop();
		},
	};
}

/** The numbers below `count` in a random order. */
function shuffled(count: number): number[] {
	return Array.from({ length: count }, (_, number) => ({ number, order: Math.random() }))
		.sort((a, b) => a.order - b.order)
		.map(({ number }) => number);
}
