/**
 * Where counts stand: a row of doubles for each label set, for each domain, and for the process. What is counted together
 * stands together, in the same lines of the processor's cache (8 doubles), and a row is whole lines. Where a count has
 * several cells its place is the first.
 */

/** By label set: what a query counts comes first, then what its response does as well, then what is seldom. */
export enum SetCell {
	/** Queries, and those refused for it, by the UDP payload size that their resolver advertised: up to each bound of limits.ts, and above. */
	Edns = 0,
	Queries = 6,
	BytesIn,
	/** Sum of the sizes that were advertised. */
	EdnsBytes,
	Polls,
	/** Upstream: bytes of the packets that the tunnel carried, and KCP pushes. */
	UpstreamBytes,
	UpstreamPushes,
	BytesOut,
	DownstreamBytes,
	DownstreamPushes,
	/** Sums of histograms, in their units (scales.ts). */
	AnswerTimes,
	RoundTrips,
	Lives,
	Volumes,
	/** Pushes that were sent before. */
	UpstreamRetransmissions,
	DownstreamRetransmissions,
	Begun,
	Active,
	Peak,
	Unanswered,
	/**
	 * Of queries and bytes: what came with label sets that made room, less what went when this number did. Without it, a number's
	 * count goes on as if nothing had moved, whatever label set it stands for.
	 */
	MovedQueries,
	MovedBytesIn,
	MovedBytesOut,
	Width = 32,
}

export enum DomainCell {
	/** A cell for each rcode. */
	Responses = 0,
	/** A cell for each Refusal. */
	Refusals = 16,
	Active = 24,
	Peak,
	Truncated,
	/** Responses that no query waited for. */
	Unmatched,
	ResolversSeen,
	/** NOERROR responses to queries that were refused for their EDNS size: the server takes less than we think. */
	SmallAnswered,
	/** Least EDNS size of a query that was answered NOERROR, and greatest of one that was answered FORMERR; 0 for none. */
	AnsweredLeast,
	RefusedMost,
	/** Stamps of the latest query, and of the latest response to one, in microseconds since 1970; 0 before the first. */
	LastQuery,
	LastResponse,
	Width = 40,
}

export enum ProcessCell {
	/** A cell for each Fault. */
	Faults = 0,
	/** A cell for each Foreign. */
	Foreigns = 17,
	/** A cell for each SegmentFault. */
	SegmentFaults = 24,
	/** Copies of datagrams that were counted already. */
	Duplicates = 29,
	/** How many lookups of label sets found no room and were answered with the other of their country. */
	Overflowed,
	Width = 32,
}

/** What a segment can be wrong in; such a one changes nothing but its count. */
export enum SegmentFault {
	/** The packet does not parse as segments. */
	Format = 1,
	/** A push whose sequence number no sender could have come to. */
	Sequence,
	/** An acknowledgement of what was never sent, or of a time that is out of range. */
	Echo,
	/** An acknowledgement that does not go beyond one before it: a resolver's copy, or overtaken. */
	AckOrder,
}
