/**
 * Finds tunnels of whatever domain, port and format in frames. Queries that carry data name the candidates; then the engine reads the
 * same frames as `run` would with that domain, port and format, so that the figures are its own, and only what it counts is found.
 */

import { type FrameBatch, type LinkType, stampUsAt, type TimeRange } from "../capture/source.ts";
import { readDomain } from "../config/values.ts";
import type { Engine, Seed } from "../engine/engine.ts";
import { createPlacelessEngine } from "../engine/placeless.ts";
import type { Tracker } from "../engine/tracker.ts";
import { type DomainFigures, domainsOf } from "../summary/domains.ts";
import { isSmallAnswered } from "../summary/finding.ts";
import { formatLike, formatOf } from "../summary/lookalike.ts";
import type { OtherTunnel } from "../summary/other-tunnels.ts";
import { mtuDefault, recordTypeNames, recordTypes, type Tunnel } from "../tunnel.ts";
import { domainsMax, ednsBytesMin, portsMax } from "../wasm/shared/limits.ts";
import { type Candidate, Candidates } from "./candidates.ts";
import { HeldMessages } from "./held-messages.ts";

export interface DiscoveredTunnel {
	/** As the configuration must have it. */
	readonly tunnel: Tunnel;
	readonly port: number;
	/** Interfaces on which its queries came in, the one with the most first; none where frames name none. */
	readonly interfaceIndexes: readonly number[];
	readonly queries: number;
	/** Client ids. */
	readonly clients: number;
	/** Responses to its queries. */
	readonly responses: number;
}

export interface DiscoveryOptions {
	readonly seed: Seed;
	/** Bytes of frames that are kept. */
	readonly heldBytesMax: number;
}

/** Chance makes none of these queries (wasm/decode/lookalike.ts), and an idle client sends some within ten seconds. */
export const dataQueriesMin = 3;
/** Where the resolvers of clients send their queries; a server on another port has them forwarded from there. */
const dnsPort = 53;

const always: TimeRange = { fromUs: Number.NEGATIVE_INFINITY, toUs: Number.POSITIVE_INFINITY };

export class Discovery {
	/** DNS messages with a question. */
	messages = 0;
	private candidates = new Candidates();
	private readonly held: HeldMessages;
	/** What was found in this number of messages. */
	private last: { readonly messages: number; readonly tunnels: DiscoveredTunnel[] } = { messages: 0, tunnels: [] };

	constructor(private readonly options: DiscoveryOptions) {
		this.held = new HeldMessages(options.heldBytesMax);
	}

	/** Whether there is no room for more frames, though there seems to be a tunnel: the rest is not looked at. */
	get isOver(): boolean {
		return this.held.isFull;
	}

	/** Looks at the first `used` bytes of the engine's batch. Counts nothing in the engine, whose link type must be the frames'. */
	take(engine: Engine, used: number, linkType: LinkType, range: TimeRange = always): void {
		if (this.isOver) return;
		const { candidates, held } = this;
		// Records that follow each other are kept in one go.
		let [from, to] = [0, 0];
		engine.findMessages(used, (start, end, sighting) => {
			if (!isWithin(range, engine.batch, start)) return;
			if (sighting !== null) candidates.add(sighting);
			this.messages++;
			if (start !== to) {
				held.add(engine.batch, from, to);
				from = start;
			}
			to = end;
		});
		held.add(engine.batch, from, to);
		held.endBatch(linkType);
		if (!this.held.isFull || this.likely().length > 0) return;
		// Up to here there was no tunnel: it may come later.
		this.held.clear();
		this.candidates = new Candidates();
	}

	/** The tunnels that were found, the one with the most queries first. */
	found(): readonly DiscoveredTunnel[] {
		const { messages } = this;
		if (messages !== this.last.messages) this.last = { messages, tunnels: this.prove() };
		return this.last.tunnels;
	}

	private prove(): DiscoveredTunnel[] {
		const likely = this.likely();
		if (likely.length === 0) return [];
		const tunnels = tunnelsLike(likely);
		const portsOfTunnels = this.portsOf(tunnels, likely);
		const proven = tunnels.filter((_, index) => portsOfTunnels[index] !== null);
		const ports = portsOfTunnels.filter((port) => port !== null);
		if (proven.length === 0) return [];
		return this.figuresOf(proven, ports)
			.map(({ tunnel, figures }, index) => ({
				tunnel,
				port: ports[index] as number,
				interfaceIndexes: interfacesOf(likely, tunnel.domain, ports[index] as number),
				queries: figures.queries,
				clients: figures.sessions,
				responses: Object.values(figures.responses_by_rcode).reduce((sum, count) => sum + count, 0),
			}))
			.sort((a, b) => b.queries - a.queries);
	}

	/** Candidates that may be configured, without those of which too little was seen. */
	private likely(): Candidate[] {
		const counts = new Map<string, number>();
		const candidates = this.candidates.list();
		for (const { domain, count } of candidates) counts.set(domain, (counts.get(domain) ?? 0) + count);
		return candidates.filter(({ domain }) => (counts.get(domain) ?? 0) >= dataQueriesMin && isConfigurable(domain));
	}

	/** On which port each tunnel's clients come; null if it cannot be proven on any. */
	private portsOf(tunnels: readonly Tunnel[], likely: readonly Candidate[]): (number | null)[] {
		const ports = [...new Set(likely.map(({ port }) => port))].slice(0, portsMax);
		const proven = ports.map((port) => {
			// Whatever the server's -mtu is: so no query is refused for its EDNS size.
			const tracker = this.read(
				tunnels.map((tunnel) => ({ ...tunnel, mtu: ednsBytesMin })),
				[port],
			);
			return { port, counts: tunnels.map((_, index) => tracker.fitting.at(index)) };
		});
		return tunnels.map((_, index) => {
			const fits = proven.filter(({ counts }) => (counts[index] ?? 0) >= dataQueriesMin);
			const best = fits.toSorted((a, b) => (b.counts[index] ?? 0) - (a.counts[index] ?? 0))[0];
			return fits.find(({ port }) => port === dnsPort)?.port ?? best?.port ?? null;
		});
	}

	/** The figures of tunnels on their ports, and the -mtu that fits the server's answers. */
	private figuresOf(tunnels: readonly Tunnel[], ports: readonly number[]) {
		const read = (of: readonly Tunnel[]) =>
			domainsOf({ tracker: this.read(of, ports), domains: of.map(({ domain }) => domain) });
		const withMtu = (figures: readonly (DomainFigures & Parameters<typeof isSmallAnswered>[0])[]) =>
			tunnels.map((tunnel, index) => {
				const row = figures[index];
				const isSmaller = row !== undefined && isSmallAnswered(row);
				return isSmaller
					? { ...tunnel, mtu: Math.max(ednsBytesMin, row.mtu.answered_least_bytes ?? mtuDefault) }
					: tunnel;
			});
		const first = read(tunnels);
		const fitting = withMtu(first);
		const figures = fitting.some(({ mtu }) => mtu !== mtuDefault) ? read(fitting) : first;
		return fitting.map((tunnel, index) => ({ tunnel, figures: figures[index] as DomainFigures }));
	}

	/** Reads the frames that are held, as those of servers of these tunnels on these ports. */
	private read(tunnels: readonly Tunnel[], ports: readonly number[]): Tracker {
		const engine = createPlacelessEngine(tunnels, this.options.seed);
		this.held.replay(engine, ports);
		return engine.tracker;
	}
}

/** Of each domain the format that was seen most, those of the most queries first. */
function tunnelsLike(likely: readonly Candidate[]): Tunnel[] {
	const tunnels = new Map<string, Tunnel>();
	for (const { domain, lookalike, recordType } of likely) {
		if (tunnels.has(domain) || tunnels.size >= domainsMax) continue;
		const name = recordTypeNames.find((known) => recordTypes[known] === recordType) ?? "txt";
		const { wire, record_type, clientid_size } = formatLike(lookalike, name);
		tunnels.set(domain, { domain, wire, recordType: record_type, clientIdBytes: clientid_size, mtu: mtuDefault });
	}
	return [...tunnels.values()];
}

/** Others are not printed either: a sender may have put anything into them. */
function isConfigurable(domain: string): boolean {
	const read = readDomain(domain);
	return "value" in read && read.value === domain;
}

function interfacesOf(likely: readonly Candidate[], domain: string, port: number): number[] {
	const indexes = likely
		.filter((candidate) => candidate.domain === domain && candidate.port === port)
		.map(({ interfaceIndex }) => interfaceIndex);
	return [...new Set(indexes)].filter((index) => index !== 0);
}

function isWithin({ fromUs, toUs }: TimeRange, batch: FrameBatch, start: number): boolean {
	const stampUs = stampUsAt(batch, start);
	return stampUs >= fromUs && stampUs < toUs;
}

/** As conditions name it; `nameOf` returns the name of an interface, null if there is none of that number. */
export function otherTunnelOf(
	{ tunnel, port, interfaceIndexes }: DiscoveredTunnel,
	nameOf: (interfaceIndex: number) => string | null,
): OtherTunnel {
	const interfaces = interfaceIndexes.map(nameOf).filter((name) => name !== null);
	return { domain: tunnel.domain, port, format: formatOf(tunnel), interfaces };
}
