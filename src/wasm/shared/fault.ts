/**
 * Every way in which a frame can fail to count: a closed set. Bad bytes are values, never exceptions. The word for each,
 * the `reason` label of its metric, is in engine/names.ts.
 */

/** A frame that breaks the format of one of its layers, or was captured in part. */
export enum Fault {
	LinkTruncated = 1,
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

/** No Fault. */
export const sound = 0 as Fault;

/** A sound frame that is none of ours. */
export enum Foreign {
	Protocol = 1,
	Fragment,
	Port,
	Direction,
	Domain,
	Response,
}

/** A query under a tunnel's domain that dnstt-server does not take as a client's. In the order in which the server looks. */
export enum Refusal {
	Malformed = 1,
	Opt,
	Opcode,
	Qtype,
	Base32,
	/** Its resolver takes less than the server's -mtu. */
	Edns,
	TooShort,
}

/** No Refusal. */
export const taken = 0 as Refusal;

/** What one frame came to. The fields of the Observation that hold for each are named there. */
export enum Outcome {
	Query = 1,
	Response,
	Refused,
	Foreign,
	Fault,
}
