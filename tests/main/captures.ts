/** The recorded captures with what an independent decoder counted in them, and the same figures taken from the exporter's outputs. */
import { resolve } from "node:path";
import type { Report } from "../../src/commands/inspect/report.ts";
import type { Samples } from "../support/exposition.ts";
import { type PacketRecord, packetsOf } from "../support/frames.ts";
import { readPcapFile } from "../support/pcapfile.ts";

/** In the order of their recording; more than 30 s lie between one and the next. */
export const captureNames = ["direct-ipv4", "unbound-0x20-ipv4", "any-sll2-ipv4"] as const;
export type CaptureName = (typeof captureNames)[number];

export const recordedDomain = "t.example.com";

export interface Counts {
	readonly queries: number;
	readonly bytes_in: number;
	readonly responses: number;
	readonly bytes_out: number;
	readonly sessions: number;
	readonly peak: number;
	readonly active_at_end: number;
	readonly rejected: number;
}

const folder = resolve(import.meta.dir, "../captures");

export function capturePath(name: string): string {
	return resolve(folder, `${name}.pcap`);
}

/** The counts beside a capture. */
export async function expectedCounts(name: CaptureName): Promise<Counts> {
	const all = await Bun.file(resolve(folder, `${name}.expected.json`)).json();
	const { queries, bytes_in, responses, bytes_out, sessions, peak, active_at_end, rejected } = all;
	return { queries, bytes_in, responses, bytes_out, sessions, peak, active_at_end, rejected };
}

/** The counts of all captures read as one stream: no session is in two of them, and none is active from one to the next. */
export async function expectedTogether(): Promise<Counts> {
	const each = await Promise.all(captureNames.map(expectedCounts));
	const sum = (key: keyof Counts) => each.reduce((total, counts) => total + counts[key], 0);
	return {
		queries: sum("queries"),
		bytes_in: sum("bytes_in"),
		responses: sum("responses"),
		bytes_out: sum("bytes_out"),
		sessions: sum("sessions"),
		peak: Math.max(...each.map(({ peak }) => peak)),
		active_at_end: each.at(-1)?.active_at_end ?? 0,
		rejected: sum("rejected"),
	};
}

export async function recordedPackets(name: CaptureName): Promise<PacketRecord[]> {
	return packetsOf(await readPcapFile(capturePath(name)));
}

/** The counts in a report of `inspect --format=json` for one domain. */
export function countsOf({ domains }: Report, domain = recordedDomain): Counts {
	const row = domains.find((one) => one.domain === domain);
	if (row === undefined) throw new Error(`the report has no domain ${domain}`);
	return {
		queries: row.queries,
		bytes_in: row.bytes_in,
		responses: row.responses,
		bytes_out: row.bytes_out,
		sessions: row.sessions,
		peak: row.peak_clients,
		active_at_end: row.active_clients,
		rejected: row.refused_queries,
	};
}

/** The counts that the six metrics and the refused queries have; the metrics do not count responses. */
export type MetricCounts = Omit<Counts, "responses">;

export function metricCounts({ responses, ...rest }: Counts): MetricCounts {
	return rest;
}

/** The same from an exposition. The peak is right where the domain has one label set only. */
export function countsIn(samples: Samples, domain = recordedDomain): MetricCounts {
	const sum = (name: string) => samples.sum(name, { domain });
	return {
		queries: sum("dnstt_queries_total"),
		bytes_in: sum("dnstt_bytes_in_total"),
		bytes_out: sum("dnstt_bytes_out_total"),
		sessions: sum("dnstt_sessions_total"),
		peak: sum("dnstt_peak_clients"),
		active_at_end: sum("dnstt_active_clients"),
		rejected: sum("dnstt_refused_queries_total"),
	};
}
