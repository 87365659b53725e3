import { readFileSync } from "node:fs";
import { UsageError } from "../cli/arguments.ts";
import { describeReadError } from "../read-error.ts";
import { type Client, createClient } from "../top/client.ts";
import { TopError } from "../top/error.ts";
import { frameOf, plainText, type Scene } from "../top/frame.ts";
import { keysOf } from "../top/key-names.ts";
import type { Keyboard } from "../top/keyboard.ts";
import { createPaint, type Paint } from "../top/paint.ts";
import type { HistoryReading } from "../top/reading.ts";
import { Screen, type ScreenOptions } from "../top/screen.ts";
import { firstView, press } from "../top/view.ts";

export interface TopOptions {
	readonly url: string;
	readonly username?: string;
	readonly passwordFile?: string;
	readonly caFile?: string;
	readonly intervalMs: number;
}

/** The terminal, signals and the clock. */
export interface TopDependencies extends Keyboard {
	/** Null if standard output is not a terminal: the status is then printed once, as text. */
	readonly screen: ScreenOptions | null;
	readonly isColoured: boolean;
	/** The first SIGINT, SIGTERM or SIGHUP. */
	stopSignal(): Promise<unknown>;
	write(text: string): void;
	/** Milliseconds since 1970. */
	nowMs(): number;
}

/** Width of the text in a file or a pipe. */
const plainColumns = 110;

/** How often the history is read again: it has a bar a minute. */
const historyMs = 30_000;

/**
 * Shows a running exporter until `q` or a signal, or prints its status once if there is no terminal. Returns the
 * exit code; throws a UsageError for files that cannot be read and a TopError if the exporter does not answer at the start.
 */
export async function top(options: TopOptions, dependencies: TopDependencies): Promise<number> {
	const client = createClient({ url: options.url, ...credentialsOf(options), ...caOf(options) });
	const first: Scene = {
		url: options.url,
		reading: await client.status(),
		history: await historyOf(client),
		lost: null,
		nowMs: dependencies.nowMs(),
	};
	if (dependencies.screen === null) {
		dependencies.write(plainText(first, plainColumns, createPaint("none")));
		return 0;
	}
	const stopped = dependencies.stopSignal();
	const screen = new Screen(dependencies.screen);
	try {
		await watch(client, first, options.intervalMs, screen, dependencies.screen, dependencies, stopped);
	} finally {
		screen.close();
	}
	return 0;
}

async function watch(
	client: Client,
	first: Scene,
	intervalMs: number,
	screen: Screen,
	{ size }: ScreenOptions,
	dependencies: TopDependencies,
	stopped: Promise<unknown>,
): Promise<void> {
	const paint: Paint = createPaint(dependencies.isColoured ? "colour" : "plain");
	const ended = Promise.withResolvers<void>();
	let scene = first;
	let view = firstView;
	let isOver = false;
	let { extent } = frameOf(scene, view, size(), paint);

	function show(): void {
		const frame = frameOf({ ...scene, nowMs: dependencies.nowMs() }, view, size(), paint);
		extent = frame.extent;
		screen.show(frame.lines);
	}

	async function ask(): Promise<void> {
		let historyAtMs = dependencies.nowMs();
		while (!isOver) {
			await Promise.race([Bun.sleep(intervalMs), ended.promise]);
			if (isOver) return;
			try {
				const reading = await client.status();
				const isStale = scene.lost !== null || dependencies.nowMs() - historyAtMs >= historyMs;
				if (isStale) historyAtMs = dependencies.nowMs();
				const history = isStale ? await historyOf(client) : scene.history;
				scene = { ...scene, reading, history, lost: null, nowMs: dependencies.nowMs() };
			} catch (error) {
				if (!(error instanceof TopError)) throw error;
				scene = { ...scene, lost: { reason: error.message, lastMs: scene.lost?.lastMs ?? scene.nowMs } };
			}
			if (!isOver) show();
		}
	}

	const endKeys = dependencies.readKeys((input) => {
		for (const key of keysOf(input)) {
			if (key === "redraw") screen.forget();
			const next = press(view, key, extent);
			if (next === null) return ended.resolve();
			view = next;
		}
		show();
	});
	dependencies.onResized(() => {
		screen.forget();
		show();
	});
	show();
	const asking = ask();
	try {
		await Promise.race([ended.promise, stopped, asking]);
	} finally {
		isOver = true;
		ended.resolve();
		endKeys();
	}
}

/** Null if it cannot be read: only the bars need it, and the rest is shown without them. */
async function historyOf(client: Client): Promise<HistoryReading | null> {
	try {
		return await client.history();
	} catch (error) {
		if (error instanceof TopError) return null;
		throw error;
	}
}

function credentialsOf({ username, passwordFile }: TopOptions) {
	if (username === undefined || passwordFile === undefined) return {};
	// Editors end a file with a line feed, which is not part of the password.
	const password = readText("password-file", passwordFile).replace(/\r?\n$/, "");
	return { credentials: { username, password } };
}

function caOf({ caFile }: TopOptions) {
	if (caFile === undefined) return {};
	const ca = readText("ca-file", caFile);
	if (!ca.includes("-----BEGIN CERTIFICATE-----")) {
		throw new UsageError([
			`--ca-file ${caFile}: holds no certificate in PEM form; convert it with: openssl x509 -inform der -in ${caFile} -out ca.pem`,
		]);
	}
	return { ca };
}

function readText(flag: string, file: string): string {
	try {
		return readFileSync(file, "utf8");
	} catch (error) {
		throw new UsageError([`--${flag} ${file}: ${describeReadError(file, error)}`]);
	}
}
