/**
 * Every way in which a frame can fail to count: a closed set. Bad bytes are values, never exceptions, and the word given
 * here for each is the `reason` label of its metric.
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
	DnsTrailingBytes,
}

export const faultNames: Readonly<Record<Fault, string>> = {
	[Fault.LinkTruncated]: "link_truncated",
	[Fault.IpTruncated]: "ip_truncated",
	[Fault.IpVersion]: "ip_version",
	[Fault.IpHeaderLength]: "ip_header_length",
	[Fault.IpTotalLength]: "ip_total_length",
	[Fault.IpExtensionHeaders]: "ip_extension_headers",
	[Fault.UdpTruncated]: "udp_truncated",
	[Fault.UdpLength]: "udp_length",
	[Fault.DnsTruncated]: "dns_truncated",
	[Fault.DnsTooLong]: "dns_too_long",
	[Fault.DnsQuestionCount]: "dns_question_count",
	[Fault.DnsNameTooLong]: "dns_name_too_long",
	[Fault.DnsLabelType]: "dns_label_type",
	[Fault.DnsPointerCount]: "dns_pointer_count",
	[Fault.DnsTrailingBytes]: "dns_trailing_bytes",
};

/** A sound frame that is none of ours. */
export enum Foreign {
	Protocol = 1,
	Fragment,
	Port,
	Direction,
	Domain,
	Response,
}

export const foreignNames: Readonly<Record<Foreign, string>> = {
	[Foreign.Protocol]: "protocol",
	[Foreign.Fragment]: "fragment",
	[Foreign.Port]: "port",
	[Foreign.Direction]: "direction",
	[Foreign.Domain]: "domain",
	[Foreign.Response]: "response",
};

/** A query under a tunnel's domain that dnstt-server does not take as a client's. In the order in which the server looks. */
export enum Refusal {
	Malformed = 1,
	Opt,
	Opcode,
	Qtype,
	Base32,
	TooShort,
}

export const refusalNames: Readonly<Record<Refusal, string>> = {
	[Refusal.Malformed]: "malformed",
	[Refusal.Opt]: "opt",
	[Refusal.Opcode]: "opcode",
	[Refusal.Qtype]: "qtype",
	[Refusal.Base32]: "base32",
	[Refusal.TooShort]: "too_short",
};

/** What one frame came to. The fields of the Observation that hold for each are named there. */
export enum Outcome {
	Query = 1,
	Response,
	Refused,
	Foreign,
	Fault,
}

/** IANA's names of the response codes that a header's 4 bits can hold (RFC 6895, 2.3); a number where there is none. */
export const rcodeNames: readonly string[] = [
	...["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET"],
	...["NXRRSET", "NOTAUTH", "NOTZONE", "DSOTYPENI", "12", "13", "14", "15"],
];
