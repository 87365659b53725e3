/** Scrapes a running exporter again and again, and keeps what was wrong: answers that came late or not, counters that fell, tables that overflowed. */
import { readdirSync } from "node:fs";
import { memoryOf } from "../bench/measure.ts";
import type { Exporter } from "../support/exporter.ts";
import { parseExposition, type Samples, sampleKey } from "../support/exposition.ts";

/** Half of what a Prometheus server waits by default. */
const answerMsMost = 5_000;
const pauseMs = 2_000;

/** The process between two scrapes. */
export interface Size {
	readonly residentBytes: number;
	/** The most that it ever was. */
	readonly peakBytes: number;
	/** Without the executable's own pages. */
	readonly ownBytes: number;
	readonly descriptors: number;
	readonly threads: number;
	/** Whether the tables of sessions have come to their limits. */
	readonly isFull: boolean;
}

export class Watcher {
	readonly sizes: Size[] = [];
	readonly late: string[] = [];
	readonly fallen: string[] = [];
	readonly overflowed: string[] = [];
	scrapes = 0;
	longestMs = 0;
	/** Of the latest scrape. */
	samples: Samples = parseExposition("");
	private readonly exporter: Exporter;
	private readonly curl: readonly string[];
	private isStopped = false;
	private running: Promise<void> = Promise.resolve();
	private turn: Promise<unknown> = Promise.resolve();

	/** `credentials` is "user:password". */
	constructor(exporter: Exporter, credentials: string) {
		this.exporter = exporter;
		this.curl = ["--user", credentials, "--compressed"];
	}

	start(): void {
		this.running = (async () => {
			while (!this.isStopped) {
				await this.scrape();
				await Bun.sleep(pauseMs);
			}
		})();
	}

	async stop(): Promise<void> {
		this.isStopped = true;
		await this.running;
	}

	/** The status of /-/ready. */
	async ready(): Promise<number> {
		const response = await this.exporter.get("/-/ready", this.curl);
		return response.status;
	}

	/** Scrapes once and gives the samples; undefined where there was no good answer, which is kept among the late. One at a time: answers are compared in their order. */
	scrape(): Promise<Samples | undefined> {
		const scraped = this.turn.then(() => this.scrapeNow());
		this.turn = scraped;
		return scraped;
	}

	private async scrapeNow(): Promise<Samples | undefined> {
		const size = this.size();
		const begun = performance.now();
		const samples = await this.answer();
		const tookMs = performance.now() - begun;
		this.scrapes++;
		this.longestMs = Math.max(this.longestMs, tookMs);
		if (tookMs > answerMsMost) this.late.push(`after ${Math.round(tookMs)} ms`);
		if (samples === undefined) return undefined;
		this.compare(samples);
		this.samples = samples;
		const isFull = ["sessions", "remembered"].every(
			(table) => entries(samples, table) === samples.value("dnstt_exporter_table_capacity_entries", { table }),
		);
		if (size !== undefined) this.sizes.push({ ...size, isFull });
		return samples;
	}

	private async answer(): Promise<Samples | undefined> {
		try {
			const response = await this.exporter.get("/metrics", this.curl);
			const text = await response.text();
			if (response.status === 200) return parseExposition(text);
			this.late.push(`status ${response.status}: ${text.trim().slice(0, 100)}`);
		} catch (error) {
			this.late.push(String(error).slice(0, 300));
		}
		return undefined;
	}

	private compare(samples: Samples): void {
		for (const { name, labels, value } of this.samples.all) {
			const isCounter = this.samples.types.get(name) === "counter" || /_(bucket|count)$/.test(name);
			if (!isCounter) continue;
			const now = samples.byKey.get(sampleKey(name, labels));
			if (now === undefined || now < value) this.fallen.push(`${sampleKey(name, labels)} from ${value} to ${now}`);
		}
		for (const { labels, value } of samples.all.filter(({ name }) => name === "dnstt_exporter_table_entries")) {
			const limit = samples.value("dnstt_exporter_table_capacity_entries", labels) ?? 0;
			if (value > limit) this.overflowed.push(`${labels.table} has ${value} of ${limit}`);
		}
	}

	/** Undefined once the process has ended. */
	size(): Omit<Size, "isFull"> | undefined {
		const { pid } = this.exporter;
		const residentBytes = memoryOf(pid, "VmRSS");
		const peakBytes = memoryOf(pid, "VmHWM");
		const ownBytes = memoryOf(pid, "RssAnon");
		if (residentBytes === undefined || peakBytes === undefined || ownBytes === undefined) return undefined;
		try {
			const count = (folder: string) => readdirSync(`/proc/${pid}/${folder}`).length;
			return { residentBytes, peakBytes, ownBytes, descriptors: count("fd"), threads: count("task") };
		} catch {
			return undefined;
		}
	}
}

export function entries(samples: Samples, table: string): number {
	return samples.value("dnstt_exporter_table_entries", { table }) ?? Number.NaN;
}

export function evicted(samples: Samples, table: string): number {
	return samples.value("dnstt_exporter_table_evicted_total", { table }) ?? Number.NaN;
}
