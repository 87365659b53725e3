/** What happens to an exporter in operation, again and again: its interface goes, its databases are replaced, its configuration changes. */
import { chmodSync, copyFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { BenchDatabases } from "../bench/capture.ts";
import type { Namespace } from "../support/netns.ts";
import { until } from "../support/process.ts";
import type { Watcher } from "./watcher.ts";

const downMs = 3_000;
/** The longest wait between two tries to open the capture is 5 s. */
const readyWithinMs = 15_000;
/** Files are looked at every 10 s. */
const reloadWithinMs = 30_000;
/** A scrape that was under way, and the next. */
const configWithinMs = 10_000;

/** What happened, and what did not happen after it that should have. */
export interface Disturbances {
	readonly happened: { downs: number; databases: number; configurations: number };
	readonly wrong: string[];
}

/** Runs `work` every so often, one at a time, until the time is over; the first time after a whole interval. */
export async function every(seconds: number, endMs: number, work: (serial: number) => Promise<void>): Promise<void> {
	for (let serial = 0, dueMs = performance.now(); ; serial++) {
		dueMs += seconds * 1_000;
		const waitMs = dueMs - performance.now();
		if (dueMs > endMs) return;
		if (waitMs > 0) await Bun.sleep(waitMs);
		await work(serial);
	}
}

/** Waits for it, and keeps a sentence if it does not come. */
async function expected(
	wrong: string[],
	sentence: string,
	withinMs: number,
	holds: () => Promise<boolean> | boolean,
): Promise<void> {
	try {
		await until(
			async () => {
				if (await holds()) return true;
				await Bun.sleep(200);
				return undefined;
			},
			() => sentence,
			withinMs,
		);
	} catch (error) {
		wrong.push(error instanceof Error ? error.message : String(error));
	}
}

/** Takes the interface down and up; readiness has to follow. */
export async function interfaceGoes(
	to: Disturbances,
	watcher: Watcher,
	server: Namespace,
	interfaceName: string,
): Promise<void> {
	const time = to.happened.downs++;
	server.ip("link", "set", interfaceName, "down");
	const downUntil = performance.now() + downMs;
	await expected(to.wrong, `not ready when down for time ${time}`, downMs, async () => (await watcher.ready()) === 503);
	await Bun.sleep(Math.max(0, downUntil - performance.now()));
	server.ip("link", "set", interfaceName, "up");
	await expected(
		to.wrong,
		`ready when up for time ${time}`,
		readyWithinMs,
		async () => (await watcher.ready()) === 200,
	);
}

/** Puts a file in place in one step, readable for the account that the exporter becomes. */
export function replaceFile(path: string, content: string | Uint8Array | { readonly copyOf: string }): void {
	const part = `${path}.part`;
	if (typeof content === "object" && "copyOf" in content) copyFileSync(content.copyOf, part);
	else writeFileSync(part, content);
	chmodSync(part, 0o644);
	renameSync(part, path);
}

const databases = ["country", "asn"] as const;

/** Replaces both databases, each third time by damaged ones; the exporter has to take the good ones and count the others. */
export async function databasesReplaced(
	to: Disturbances,
	watcher: Watcher,
	source: BenchDatabases,
	pathOf: (database: (typeof databases)[number]) => string,
): Promise<void> {
	const time = to.happened.databases++;
	const isDamaged = time % 3 === 2;
	const metric = `dnstt_exporter_geoip_${isDamaged ? "reload_failures" : "reloads"}_total`;
	const counts = () => databases.map((database) => watcher.samples.value(metric, { database }) ?? 0);
	const before = counts();
	for (const database of databases) {
		if (isDamaged) {
			const whole = readFileSync(source[database]);
			replaceFile(pathOf(database), whole.subarray(0, whole.length >> 1));
		} else replaceFile(pathOf(database), { copyOf: source[database] });
	}
	await expected(to.wrong, `${metric} of both databases after replacement ${time}`, reloadWithinMs, () =>
		counts().every((count, index) => count === (before[index] ?? 0) + 1),
	);
}

/** A configuration file's text, the one with this number in a row of changes; undefined for one that is broken. */
export type ConfigurationOf = (serial: number) => string | undefined;

/** Writes the next configuration and sends SIGHUP; the metrics have to tell how it went. */
export async function configurationChanged(
	to: Disturbances,
	watcher: Watcher,
	options: { readonly pid: number; readonly path: string; readonly serial: number; readonly textOf: ConfigurationOf },
): Promise<void> {
	const time = to.happened.configurations++;
	const text = options.textOf(options.serial);
	const whenOf = () => watcher.samples.value("dnstt_exporter_config_last_reload_success_timestamp_seconds") ?? 0;
	const before = whenOf();
	replaceFile(options.path, text ?? '{ "dnstt": ');
	process.kill(options.pid, "SIGHUP");
	await expected(to.wrong, `the metrics tell of reload ${time}`, configWithinMs, () =>
		text === undefined
			? watcher.samples.value("dnstt_exporter_config_last_reload_successful") === 0
			: watcher.samples.value("dnstt_exporter_config_last_reload_successful") === 1 && whenOf() > before,
	);
}
