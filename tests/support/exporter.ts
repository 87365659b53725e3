/** The exporter as its users have it: the executable, started with flags, scraped over HTTP and ended with a signal. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type ExpositionSample, parseExposition, type Samples } from "./exposition.ts";
import type { Namespace } from "./netns.ts";
import { type Ended, ended, runCommand, spawnChild, until } from "./process.ts";

export type { ExpositionSample, Samples };

const root = resolve(import.meta.dir, "../..");

/** The command that starts the exporter: dist/dnstt_exporter, or the sources where it was not built. */
export function exporterCommand(): string[] {
	const built = resolve(root, "dist/dnstt_exporter");
	return existsSync(built) ? [built] : [process.execPath, resolve(root, "src/main.ts")];
}

export interface ExporterOptions {
	/** Flags, and the command if it is not `run`. */
	readonly flags: readonly string[];
	/** Where it runs; the test's own namespace if left out. */
	readonly namespace?: Namespace;
	/** What it serves on: `--web.listen-address` is given by this, so not in the flags. "127.0.0.1:9713" if left out. */
	readonly listenAddress?: string;
	readonly env?: Record<string, string>;
	/** In place of exporterCommand(). */
	readonly command?: readonly string[];
	/** Where it serves over TLS, inside a namespace: the certificate to trust, which may be replaced meanwhile. */
	readonly caFile?: string;
	/** How long it may take until /-/ready gives 200; 10 s if left out. */
	readonly readyWithinMs?: number;
}

export interface Exporter extends AsyncDisposable {
	readonly pid: number;
	/** "http://127.0.0.1:9713" */
	readonly url: string;
	readonly stdout: () => string;
	readonly stderr: () => string;
	/** A request for a path; inside the namespace if it runs in one. `curl` is for requests in a namespace only. */
	get(path: string, curl?: readonly string[]): Promise<Response>;
	/** Scrapes /metrics. Throws on any answer but 200. */
	metrics(): Promise<Samples>;
	/** Scrapes until `holds` accepts; throws with the last scrape's dnstt metrics after `limitMs` (10 s). */
	metricsWhen(holds: (samples: Samples) => boolean, limitMs?: number): Promise<Samples>;
	/** Sends a signal (SIGTERM) and gives how it ended; SIGKILL after 10 s. Idempotent. */
	stop(signal?: NodeJS.Signals): Promise<Ended & { readonly tookMs: number }>;
}

/** Starts the exporter and waits until it is ready; throws with its standard error if it ends before. */
export async function startExporter(options: ExporterOptions): Promise<Exporter> {
	const { namespace, listenAddress = "127.0.0.1:9713", env = {}, readyWithinMs = 10_000, caFile } = options;
	const words = [...(options.command ?? exporterCommand()), ...options.flags, `--web.listen-address=${listenAddress}`];
	const child = namespace === undefined ? spawnChild(words, { env }) : namespace.spawn(words, { env });
	// "[::]:9713" and ":9713" listen on every address.
	const url = `${caFile === undefined ? "http" : "https"}://${listenAddress.replace(/^(\[::\]|0\.0\.0\.0)?:/, "127.0.0.1:")}`;
	let stopped: Promise<Ended & { readonly tookMs: number }> | undefined;

	const exporter: Exporter = {
		pid: child.pid,
		url,
		stdout: child.stdout,
		stderr: child.stderr,
		get(path, curl = []) {
			// A connection that is made at the moment when a new certificate is taken up can be reset.
			const trust = caFile === undefined ? [] : ["--cacert", caFile, "--retry", "3", "--retry-all-errors"];
			return namespace === undefined ? fetch(`${url}${path}`) : namespace.fetch(`${url}${path}`, [...trust, ...curl]);
		},
		async metrics() {
			const response = await exporter.get("/metrics");
			const text = await response.text();
			if (response.status !== 200) throw new Error(`/metrics answered ${response.status}: ${text.slice(0, 200)}`);
			return parseExposition(text);
		},
		async metricsWhen(holds, limitMs) {
			let last: Samples | undefined;
			return until(
				async () => {
					last = await exporter.metrics();
					return holds(last) ? last : undefined;
				},
				() => `the metrics are\n${last?.text("dnstt_") ?? "none"}\nstandard error:\n${child.stderr()}`,
				limitMs,
			);
		},
		stop(signal = "SIGTERM") {
			stopped ??= (async () => {
				const start = performance.now();
				child.kill(signal);
				const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
				const end = await ended(child);
				clearTimeout(timer);
				return { ...end, tookMs: performance.now() - start };
			})();
			return stopped;
		},
		async [Symbol.asyncDispose]() {
			await exporter.stop();
		},
	};

	try {
		await until(
			async () => {
				if (child.exitCode() !== null)
					throw new Error(`the exporter ended with ${child.exitCode()}: ${child.stderr()}`);
				try {
					return (await exporter.get("/-/ready")).status === 200 ? true : undefined;
				} catch {
					return undefined; // It does not listen yet.
				}
			},
			() => `/-/ready; standard error:\n${child.stderr()}`,
			readyWithinMs,
		);
	} catch (error) {
		await exporter.stop("SIGKILL");
		throw error;
	}
	return exporter;
}

/** Runs the exporter to its end: for commands that end, and for starts that must fail. */
export function runExporter(
	words: readonly string[],
	options: { readonly stdin?: Uint8Array; readonly env?: Record<string, string>; readonly cwd?: string } = {},
): Promise<Ended> {
	return runCommand([...exporterCommand(), ...words], options);
}

/**
 * The report of `inspect --format=json` on a capture: a path, or bytes that are given on standard input.
 * T is what the caller knows of the report. Throws when the exit code is not 0.
 */
export async function inspectJson<T = unknown>(
	capture: string | Uint8Array,
	flags: readonly string[] = [],
): Promise<T> {
	const fromFile = typeof capture === "string";
	const words = ["inspect", "--format=json", ...flags, fromFile ? capture : "-"];
	const { code, stdout, stderr } = await runExporter(words, fromFile ? {} : { stdin: capture });
	if (code !== 0) throw new Error(`inspect ended with ${code}: ${stderr.trim()}`);
	return JSON.parse(stdout);
}
