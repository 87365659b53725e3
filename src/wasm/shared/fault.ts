/**
 * A closed set of the reasons for which a frame does not count. Malformed bytes are values, never exceptions.
 * engine/reasons.ts has the word for each, which is the `reason` label of its metric.
 */

/** A frame is malformed in one of its layers, or was captured in part. */
export enum Fault {
	None = 0,
	LinkTruncated,
	IpTruncated,
	IpVersion,
	IpHeaderLength,
	IpTotalLength,
	IpExtensionHeaders,
	UdpTruncated,
	UdpLength,
	DnsTruncated,
	DnsTooLong,
	DnsQuestionCount,
	DnsNameTooLong,
	DnsLabelType,
	DnsPointerCount,
	DnsLabelCount,
	DnsTrailingBytes,
}

/** Why a well-formed frame is none of ours. */
export enum Unrelated {
	None = 0,
	Protocol,
	Fragment,
	Port,
	Direction,
	Domain,
	Response,
}

/** dnstt-server refuses a query under a tunnel's domain. In the order of the server's checks. */
export enum Refusal {
	None = 0,
	Malformed,
	Opt,
	Opcode,
	Qtype,
	Base32,
	/** The resolver advertises an EDNS payload size below the server's -mtu. */
	Edns,
	TooShort,
}

/** Reasons to ignore a segment, which then changes nothing but this count. */
export enum SegmentFault {
	None = 0,
	Format,
	/** A push whose sequence number is outside every possible window. */
	Sequence,
	/** An acknowledgement of a push that was never sent, or with a timestamp out of range. */
	Ack,
	/** An acknowledgement that does not exceed an earlier one: a resolver repeated it, or it was overtaken. */
	AckOrder,
}

/** The result of decoding one frame. Observation's comments name the fields that hold for each. */
export enum Outcome {
	Query = 1,
	Response,
	Refused,
	Unrelated,
	Fault,
}

/** A query that carries data as a client of another tunnel than the configured one does. */
export enum Lookalike {
	None = 0,
	Dnstt,
	/** With ids of 1 byte; those of 2 to 8 bytes follow. */
	Vaydns,
}
