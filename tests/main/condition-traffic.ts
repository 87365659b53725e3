/** Frames of a resolver and a server in whose tunnels something is wrong, each domain has its own. */
import {
	dnsResponse,
	dnsttQuery,
	dnsttResponse,
	ethernetFrame,
	kcpCommands,
	kcpSegment,
	udpPacket,
} from "../support/frames.ts";
import type { CaptureRecord } from "../support/pcapfile.ts";
import { vaydnsQuery } from "../support/vaydns.ts";

/** Of each what is wrong with it. */
export const domains = {
	responsesOnly: "responses.example",
	other: "other.example",
	parent: "parent.example",
	unanswered: "unanswered.example",
	formErr: "formerr.example",
	mtu: "mtu.example",
	small: "small.example",
	truncated: "truncated.example",
	slow: "slow.example",
	far: "far.example",
	resent: "resent.example",
} as const;

export interface Sent {
	readonly toServer: boolean;
	readonly payload: Uint8Array;
}

const client = (number: number) => ({ clientId: Uint8Array.of(0, 0, 0, 0, 0, 1, number >> 8, number & 255) });
const message = (way: "in" | "out", payload: Uint8Array): Sent => ({ toServer: way === "in", payload });
const times = (count: number, of: (index: number) => readonly Sent[]) =>
	Array.from({ length: count }, (_, index) => of(index)).flat();
/** No two have one name, as their padding is random, nor one DNS id while they wait. */
const asked = (domain: string, number: number, packets: readonly Uint8Array[] = [], ednsBytes = 4_096) => {
	const id = Object.values<string>(domains).findIndex((known) => domain.endsWith(known)) * 1_000 + number;
	return dnsttQuery({ ...client(7), domain, id, ednsBytes, packets, padding: [Uint8Array.of(id >> 8, id & 255, 0)] });
};
/** A query and its response at once. */
const exchange = (query: Uint8Array, response = dnsttResponse(query, [])) => [
	message("in", query),
	message("out", response),
];
const push = (sequence: number, timestampMs = 0) =>
	kcpSegment({ conversation: 1, command: kcpCommands.push, sequence, timestampMs, data: new Uint8Array(10) });
const ack = (sequence: number) => kcpSegment({ conversation: 1, command: kcpCommands.ack, sequence, timestampMs: 0 });

/** What is wrong at once. */
export function firstMessages(): Sent[] {
	return [
		// More clients than the table of sessions holds.
		...times(200, (id) => exchange(dnsttQuery({ ...client(1_000 + id), domain: domains.truncated, id: 30_000 + id }))),
		...times(60, (id) => [message("out", dnsttResponse(asked(domains.responsesOnly, id), []))]),
		...times(20, (id) =>
			exchange(
				vaydnsQuery({ clientId: Uint8Array.of(1, 2), packets: [push(id)], domain: domains.other, id: 20_000 + id }),
			),
		),
		...times(20, (id) => exchange(asked(`t.${domains.parent}`, id, [push(id)]))),
		...times(60, (id) => exchange(asked(domains.unanswered, id)).slice(0, id % 3 === 0 ? 1 : 2)),
		...times(60, (id) => {
			const query = asked(domains.formErr, id);
			return exchange(query, dnsResponse(query, { rcode: 1 }));
		}),
		...times(20, (id) => exchange(asked(domains.mtu, id, [], 512))),
		...times(60, (id) => [message("in", asked(domains.small, id, [], 512))]),
		...times(60, (id) => {
			const query = asked(domains.truncated, id);
			return exchange(query, dnsResponse(query, { truncated: true }));
		}),
		...times(60, (id) => [message("in", asked(domains.slow, id))]),
		...times(60, (id) => {
			const query = asked(domains.far, id);
			return exchange(query, dnsttResponse(query, [push(id)]));
		}),
		...times(60, (id) => {
			const query = asked(domains.resent, id);
			return exchange(query, dnsttResponse(query, [push(id >> 1)]));
		}),
	];
}

/** What comes two seconds after the first messages, for which it is late. */
export function lateMessages(): Sent[] {
	return [
		...times(60, (id) => [message("out", dnsttResponse(asked(domains.slow, id), []))]),
		...times(60, (id) => exchange(asked(domains.far, 100 + id, [ack(id)]))),
	];
}

/** Queries of a domain that nobody answers. */
export function unansweredQueries(domain: string, count: number): Sent[] {
	return times(count, (id) => [message("in", asked(domain, id))]);
}

/** A query of each domain and its response: all is well. */
export function healthyMessages(named: readonly string[]): Sent[] {
	return named.flatMap((domain) => exchange(asked(domain, 999)));
}

/** Messages for a domain that nobody configured. */
export function strayMessages(count: number): Sent[] {
	return times(count, () => [message("in", dnsttQuery({ ...client(1), domain: "x.example" }))]);
}

/** As frames between a resolver and the server of 10.77.2.1. */
export function framesOf(messages: readonly Sent[]): CaptureRecord[] {
	return messages.map(({ toServer, payload }) => {
		const [resolver, server] = ["203.0.113.7", "10.77.2.1"];
		const ends = toServer
			? { source: resolver, destination: server, sourcePort: 4_000, destinationPort: 53 }
			: { source: server, destination: resolver, sourcePort: 53, destinationPort: 4_000 };
		return { timeNs: 0n, bytes: ethernetFrame(udpPacket({ ...ends, payload }), toServer ? "in" : "out") };
	});
}
