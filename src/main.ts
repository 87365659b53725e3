/** argv -> a command -> exit code. */

import { readFileSync, writeSync } from "node:fs";
import { CaptureError } from "./capture/source.ts";
import { type Command, helpText, parseCommand, UsageError, versionText } from "./cli.ts";
import { checkConfig } from "./commands/check-config.ts";
import { demo } from "./commands/demo.ts";
import { inspect } from "./commands/inspect.ts";
import { printed } from "./commands/print.ts";
import { run, stopSignal } from "./commands/run.ts";
import { top } from "./commands/top.ts";
import { type Config, ConfigError, type ConfigFlags, effectiveConfig, loadConfig } from "./config.ts";
import type { World } from "./exporter.ts";
import { GeoipError } from "./geoip/database.ts";
import { createLogger } from "./log.ts";
import { TopError } from "./top/client.ts";
import { keyboard } from "./top/keyboard.ts";
import { Screen, type Size } from "./top/screen.ts";
import type { Seed } from "./track/table.ts";
import { revision, version } from "./version.ts";
import { WebError } from "./web/error.ts";

const exitFailed = 1;
const exitUsage = 2;

async function execute(command: Command): Promise<number> {
	switch (command.kind) {
		case "run": {
			const load = () => configOf(command.flags);
			const config = load();
			return await run(config, load, worldOf(config));
		}
		case "inspect": {
			const config = configOf(command.flags);
			return await inspect(config, command, {
				...worldOf(config),
				write: print,
				writeError: printError,
				progress: process.stderr.isTTY
					? { columns: process.stderr.columns || 80, show: (line) => printError(`\r\x1b[K${line}`) }
					: null,
				isTypedInto: process.stdin.isTTY === true,
				screen: isScreen() && command.follow ? new Screen({ write: print, size: screenSize }) : null,
				stopSignal,
			});
		}
		case "demo": {
			const config = configOf(command.flags, false);
			return await demo(config, command.seconds, worldOf(config), print);
		}
		case "top":
			return await top(command, {
				screen: isScreen() ? { write: print, size: screenSize } : null,
				isColoured: !process.env.NO_COLOR,
				...keyboard,
				stopSignal: () => Promise.race([stopSignal(), new Promise((resolve) => process.on("SIGHUP", resolve))]),
				write: print,
				nowMs: Date.now,
			});
		case "check-config": {
			const config = configOf(command.flags);
			await checkConfig(config);
			print(`${JSON.stringify(effectiveConfig(config), null, 2)}\n`);
			return 0;
		}
		case "print":
			print(await printed(command.what));
			return 0;
		case "version":
			print(
				versionText({ version, revision, bunVersion: Bun.version, platform: `${process.platform}/${process.arch}` }),
			);
			return 0;
		case "help":
			print(helpText(command.topic));
			return 0;
	}
}

function configOf(flags: ConfigFlags, domainRequired = true): Config {
	const readFile = (path: string) => readFileSync(path, "utf8");
	return loadConfig({ flags, env: process.env, readFile, domainRequired }).config;
}

function worldOf(config: Config): World {
	const startUs = Date.now() * 1_000 - Math.floor(performance.now() * 1_000);
	const words = crypto.getRandomValues(new Int32Array(4));
	return {
		log: createLogger({
			level: config.log.level,
			format: config.log.format,
			write: printError,
			now: Date.now,
		}),
		seed: [...words] as unknown as Seed,
		wallUs: () => Date.now() * 1_000,
		monotonicUs: () => startUs + Math.floor(performance.now() * 1_000),
	};
}

/**
 * Writes all of the text before it returns: a pipe takes no more than it has room for, and exiting drops the rest. What
 * cannot be written ends the program: whoever asked for it would take a part for the whole.
 */
function print(text: string): void {
	const bytes = Buffer.from(text);
	for (let at = 0; at < bytes.length; ) {
		try {
			at += writeSync(1, bytes, at);
		} catch (error) {
			const { code } = error as NodeJS.ErrnoException;
			// Whoever read has seen enough, as head has.
			if (code === "EPIPE") process.exit(0);
			if (code !== "EAGAIN") {
				const reason = error instanceof Error ? error.message : String(error);
				printError(`dnstt_exporter: standard output cannot be written: ${reason}\n`);
				process.exit(exitFailed);
			}
			Bun.sleepSync(1);
		}
	}
}

/** Whether standard output is a terminal that can more than print lines. */
function isScreen(): boolean {
	return process.stdout.isTTY === true && process.env.TERM !== "dumb";
}

function screenSize(): Size {
	return { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 };
}

function printError(text: string): void {
	process.stderr.write(text);
}

/** What an operator can meet is told in lines; anything else is a fault of this program and keeps its stack. */
function told(error: unknown): { readonly lines: readonly string[]; readonly code: number } {
	if (error instanceof UsageError || error instanceof ConfigError) return { lines: error.problems, code: exitUsage };
	if (error instanceof GeoipError) return { lines: [error.message], code: exitUsage };
	if (error instanceof CaptureError || error instanceof WebError || error instanceof TopError)
		return { lines: [error.message], code: exitFailed };
	throw error;
}

async function main(): Promise<number> {
	try {
		return await execute(parseCommand(process.argv.slice(2)));
	} catch (error) {
		const { lines, code } = told(error);
		for (const line of lines) printError(`dnstt_exporter: ${line}\n`);
		return code;
	}
}

// Whoever reads the log may go away; the exporter stays. Without a listener the runtime would end it.
process.stderr.on("error", () => {});

void main().then((code) => process.exit(code));
