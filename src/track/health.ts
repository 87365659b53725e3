import { segmentAck, segmentPush } from "../decode/kcp.ts";
import type { Observation } from "../decode/observation.ts";
import { type Column, columnsOf } from "./columns.ts";
import { Histogram, tripScale, tripUnitsPerUs } from "./histogram.ts";
import { ServerClock } from "./serverclock.ts";
import { Push, type Sessions } from "./sessions.ts";

/** What a segment can be wrong in; a broken or absurd one changes nothing but its count. */
export enum SegmentFault {
	/** The packet does not parse as segments. */
	Format = 1,
	/** A push whose sequence number no sender could have come to. */
	Sequence,
	/** An acknowledgement of what was never sent, or of a time that is out of range. */
	Echo,
}

export const segmentFaultNames: Readonly<Record<SegmentFault, string>> = {
	[SegmentFault.Format]: "format",
	[SegmentFault.Sequence]: "sequence",
	[SegmentFault.Echo]: "echo",
};

/** As many ports as the configuration takes. */
const serversMax = 16;

/** Counts of one direction, by label set. */
interface Direction {
	/** Bytes of the packets that the tunnel carried. */
	readonly packetBytes: Column;
	/** KCP pushes, and those of them that were sent before. */
	readonly pushes: Column;
	readonly retransmissions: Column;
}

export interface HealthOptions {
	readonly domains: number;
	readonly sets: number;
	readonly upstream: Direction;
	readonly downstream: Direction;
	readonly sessions: Sessions;
}

/** What the KCP segments in the clear tell of a tunnel: goodput, retransmissions, round trip times. */
export class Health {
	readonly upstream: Direction;
	readonly downstream: Direction;
	/** Round trip times to clients, by label set. */
	readonly roundTrips: Histogram;
	private readonly faults = columnsOf(1, { byReason: Object.keys(segmentFaultNames).length + 1 }).byReason;
	/** A clock for each domain and port, as there may be a server behind each: clocks[domain * serversMax + server]. */
	private readonly clocks: readonly ServerClock[];
	private readonly sessions: Sessions;

	constructor(options: HealthOptions) {
		this.upstream = options.upstream;
		this.downstream = options.downstream;
		this.roundTrips = new Histogram(options.sets, tripScale);
		this.clocks = Array.from({ length: options.domains * serversMax }, () => new ServerClock());
		this.sessions = options.sessions;
	}

	/** The packets of a query of the session at `entry`. */
	query(seen: Observation, set: number, entry: number, now: number): void {
		const { segments } = seen;
		this.upstream.packetBytes.add(set, seen.packetBytes);
		if (segments.broken > 0) this.faults.add(0, segments.broken, SegmentFault.Format);
		for (let index = 0; index < segments.count; index++) {
			const command = segments.command[index];
			const sequence = segments.sequence[index] as number;
			if (command === segmentPush) this.push(this.upstream, set, this.sessions.push(entry, sequence, false));
			else if (command === segmentAck) {
				const clock = this.clockOf(seen.domain, seen.server);
				const stampMs = segments.stampMs[index] as number;
				const tripUs = this.sessions.wasPushed(entry, sequence) ? clock.roundTripUs(stampMs, now) : -1;
				if (tripUs < 0) this.faults.add(0, 1, SegmentFault.Echo);
				else if (this.sessions.echo(entry, stampMs, sequence)) this.roundTrips.observe(set, tripUs * tripUnitsPerUs);
			}
		}
	}

	/** The packets of a response that answers a query of the session at `entry`, which is 0 if it ended. */
	response(seen: Observation, set: number, server: number, entry: number, now: number): void {
		const { segments } = seen;
		this.downstream.packetBytes.add(set, seen.packetBytes);
		if (segments.broken > 0) this.faults.add(0, segments.broken, SegmentFault.Format);
		if (entry === 0) return;
		const clock = this.clockOf(seen.domain, server);
		for (let index = 0; index < segments.count; index++) {
			if (segments.command[index] !== segmentPush) continue;
			const push = this.sessions.push(entry, segments.sequence[index] as number, true);
			this.push(this.downstream, set, push);
			if (push !== Push.Absurd) clock.push(segments.stampMs[index] as number, now);
		}
	}

	faultsOf(reason: SegmentFault): number {
		return this.faults.at(0, reason);
	}

	private clockOf(domain: number, server: number): ServerClock {
		return this.clocks[domain * serversMax + server] as ServerClock;
	}

	private push(direction: Direction, set: number, push: Push): void {
		if (push === Push.Absurd) {
			this.faults.add(0, 1, SegmentFault.Sequence);
			return;
		}
		direction.pushes.add(set, 1);
		if (push === Push.Repeated) direction.retransmissions.add(set, 1);
	}
}
