import * as z from "zod/mini";
import { severities } from "../summary/condition-texts.ts";

/**
 * What `top` reads of an exporter (src/status/status.ts says what each field means). It may be another version's, or
 * something else that answers: the form is checked, and texts can do nothing to a terminal.
 */

/** Control characters, and those that turn the direction of what follows, would act on the terminal. */
const text = z.pipe(
	z.string(),
	z.transform((value: string) => value.replace(/\p{C}/gu, "\ufffd")),
);
const number = z.number();
const time = z.iso.datetime();
const counts = z.record(text, number);
const times = z.nullable(z.object({ median: number, p95: number }));

const amounts = {
	active_clients: number,
	sessions: number,
	queries: number,
	bytes_in: number,
	bytes_out: number,
	queries_per_second: number,
	bytes_in_per_second: number,
	bytes_out_per_second: number,
};
const origin = { ...amounts, round_trip_median_seconds: z.nullable(number), retransmission_ratio: z.nullable(number) };
const domain = z.object({
	...amounts,
	domain: text,
	domain_unicode: text,
	peak_clients: number,
	refused_queries: number,
	last_query: z._default(z.nullable(time), null),
});
const country = z.object({ ...origin, country: text });
/** Other versions do not say who runs a network. */
const asn = z.object({ ...origin, asn: text, organization: z._default(z.nullable(text), null) });
const health = z.object({
	round_trip_seconds: times,
	response_duration_seconds: times,
	retransmission_ratio_out: z.nullable(number),
	retransmission_ratio_in: z.nullable(number),
	overhead: z.nullable(number),
	unanswered_queries: number,
	unanswered_ratio: z.nullable(number),
	truncated_responses: number,
	edns_below_1232_ratio: z.nullable(number),
	responses_by_rcode: counts,
	refused: counts,
});
const condition = z.object({
	severity: z.pipe(
		z.string(),
		z.transform((value: string) => severities.find((severity) => severity === value) ?? "warning"),
	),
	title: text,
	since: z.nullable(time),
	sentence: text,
	remedy: text,
});
const capture = z.object({
	interface: text,
	ports: z.array(number),
	up: z.boolean(),
	since: time,
	reopened: number,
	received: number,
	dropped_by_kernel: number,
	dropped_by_interface: number,
	malformed_packets: counts,
	unrelated_packets: counts,
});

export const readingSchema = z.object({
	time,
	started: time,
	version: text,
	host: z._default(text, ""),
	total: z.object({ ...amounts, peak_clients: z.nullable(number) }),
	domains: z.array(domain),
	countries: z.nullable(z.object({ rows: z.array(country), count: number })),
	asns: z.nullable(z.object({ rows: z.array(asn), count: number })),
	health,
	recent: z._default(z.nullable(z.object({ seconds: number, health })), null),
	conditions: z._default(z.array(condition), []),
	capture,
});

/** Points of the last hour: of each the time in milliseconds since 1970, and the active clients. */
export const historySchema = z.object({ hour: z.array(z.tuple([number, number], number)) });

export type Reading = z.infer<typeof readingSchema>;
export type DomainReading = z.infer<typeof domain>;
export type CountryReading = z.infer<typeof country>;
export type AsnReading = z.infer<typeof asn>;
export type OriginReading = Omit<CountryReading, "country">;
export type HistoryReading = z.infer<typeof historySchema>;
