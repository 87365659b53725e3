/** The words for the numbers of decoder and tracker: the `reason` and `rcode` labels of the metrics. */

import { Fault, Refusal, SegmentFault, Unrelated } from "../wasm/shared/fault.ts";

export const faultNames: Readonly<Record<Exclude<Fault, Fault.None>, string>> = {
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
	[Fault.DnsLabelCount]: "dns_label_count",
	[Fault.DnsTrailingBytes]: "dns_trailing_bytes",
};

export const unrelatedNames: Readonly<Record<Exclude<Unrelated, Unrelated.None>, string>> = {
	[Unrelated.Protocol]: "protocol",
	[Unrelated.Fragment]: "fragment",
	[Unrelated.Port]: "port",
	[Unrelated.Direction]: "direction",
	[Unrelated.Domain]: "domain",
	[Unrelated.Response]: "response",
};

export const refusalNames: Readonly<Record<Exclude<Refusal, Refusal.None>, string>> = {
	[Refusal.Malformed]: "malformed",
	[Refusal.Opt]: "opt",
	[Refusal.Opcode]: "opcode",
	[Refusal.Qtype]: "qtype",
	[Refusal.Base32]: "base32",
	[Refusal.Edns]: "edns",
	[Refusal.TooShort]: "too_short",
};

export const segmentFaultNames: Readonly<Record<Exclude<SegmentFault, SegmentFault.None>, string>> = {
	[SegmentFault.Format]: "format",
	[SegmentFault.Sequence]: "sequence",
	[SegmentFault.Ack]: "echo",
	[SegmentFault.AckOrder]: "ack_order",
};

/** IANA's names of the response codes in a header's 4 bits (RFC 6895, 2.3); a number if there is none. */
export const rcodeNames: readonly string[] = [
	...["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET"],
	...["NXRRSET", "NOTAUTH", "NOTZONE", "DSOTYPENI", "12", "13", "14", "15"],
];
