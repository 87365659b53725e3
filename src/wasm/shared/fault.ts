/**
 * Every way in which a frame can fail to count: a closed set. Bad bytes are values, never exceptions. The word for each,
 * the `reason` label of its metric, is in engine/names.ts.
 */

/** A frame that breaks the format of one of its layers, or was captured in part. */
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

/** A query under a tunnel's domain that dnstt-server does not take as a client's. In the order in which the server looks. */
export enum Refusal {
	None = 0,
	Malformed,
	Opt,
	Opcode,
	Qtype,
	Base32,
	/** Its resolver takes less than the server's -mtu. */
	Edns,
	TooShort,
}

/** What one frame came to. The fields of the Observation that hold for each are named there. */
export enum Outcome {
	Query = 1,
	Response,
	Refused,
	Unrelated,
	Fault,
}
