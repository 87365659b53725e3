/**
 * The layout of counts: a row of doubles for each label set, for each domain, and for the process. Counts that change
 * together are in the same line of the processor's cache (8 doubles), and a row is whole lines. A count with several
 * cells is named by the first.
 */

/** By label set: first the counts that a query changes, then those that its response changes too, then the rare ones. */
export enum SetCell {
	/**
	 * Queries, accepted or refused for it, by the EDNS payload size that their resolver advertised: a cell up to each
	 * bound of limits.ts, and one above.
	 */
	Edns = 0,
	Queries = 6,
	BytesIn,
	EdnsBytes,
	Polls,
	/** Bytes of the packets in the tunnel, and KCP pushes. */
	UpstreamBytes,
	UpstreamPushes,
	BytesOut,
	DownstreamBytes,
	DownstreamPushes,
	/** Sums of histograms, in their units (scales.ts). */
	ResponseTimes,
	RoundTrips,
	SessionDurations,
	SessionBytes,
	UpstreamRetransmissions,
	DownstreamRetransmissions,
	Begun,
	Active,
	Peak,
	Unanswered,
	/**
	 * The part of queries and bytes that came from retired label sets, minus the part that left when this number was
	 * retired. Without it a number's count continues as if nothing had moved, whatever label set the number means.
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
	Unmatched,
	ResolversSeen,
	/** NOERROR responses to queries that were refused for their EDNS size: then the server's -mtu is less than dnstt.mtu. */
	SmallAnswered,
	/**
	 * The smallest EDNS size of a query that was answered with NOERROR, and the largest of one that was answered with
	 * FORMERR; 0 for none.
	 */
	AnsweredLeast,
	RefusedMost,
	/** Queries that carry data as a tunnel's clients send it, if the domain had one label more (track/domainvotes.ts). */
	Labelled,
	/** Queries that carry data as the tunnel's clients send it. */
	Fitting = 40,
	/** NOERROR responses with answers to queries that count as refused. */
	RefusedAnswered,
	/** Queries that carry data as another tunnel's clients send it: a cell for each Lookalike, and for each payloadTypeIndex. */
	Lookalikes,
	LookalikeTypes = 52,
	/** Times of the latest query, and of the latest response to one, in microseconds on the clock's scale; 0 before the first. */
	LastQuery = 62,
	LastResponse,
	Width = 64,
}

export enum ProcessCell {
	/** A cell for each Fault. */
	Faults = 0,
	/** A cell for each Unrelated. */
	Unrelated = 17,
	/** A cell for each SegmentFault. */
	SegmentFaults = 24,
	/** Duplicates of datagrams that were counted already. */
	Duplicates = 29,
	/** Lookups of label sets that found no room and returned the other of their country. */
	Overflowed,
	/** Frames into which the kernel joined several datagrams. */
	JoinedFrames,
	Width = 32,
}
