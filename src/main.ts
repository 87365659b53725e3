/** argv -> a command -> exit code. */

import { readFileSync } from "node:fs";
import { CaptureError } from "./capture/source.ts";
import { type Command, parseCommand, UsageError } from "./cli/arguments.ts";
import { helpText, versionText } from "./cli/help.ts";
import type { ConfigFlags, LoadedConfig } from "./config/config.ts";
import { ConfigError, NoDomainError } from "./config/error.ts";
import type { Config } from "./config/schema.ts";
import { EngineError } from "./engine/error.ts";
import type { Dependencies } from "./exporter/stages.ts";
import { onDisk } from "./filename.ts";
import { GeoipError } from "./geoip/error.ts";
import { createLogger } from "./log.ts";
import { AddonError } from "./native/addon.ts";
import { isScreen, print, printError, progressLine, screenSize } from "./process/output.ts";
import { exhausted, stackFault } from "./process/resources.ts";
import { stopSignal } from "./process/stop.ts";
import { wordsAsGiven } from "./process/words.ts";
import { TopError } from "./top/error.ts";
import { Screen } from "./top/screen.ts";
import { revision, version } from "./version.ts";
import { WebError } from "./web/error.ts";

const exitFailed = 1;
const exitUsage = 2;

/**
 * Each command is imported only when it is chosen: importing all of them takes 17 ms of CPU time, and --version as a whole 7 ms.
 */
async function execute(command: Command): Promise<number> {
	switch (command.kind) {
		case "run": {
			const { run } = await import("./commands/run.ts");
			const load = await configLoader(command.flags);
			const loaded = await firstConfig(load);
			return await run(loaded, () => load().config, dependenciesOf(loaded.config));
		}
		case "discover": {
			const { discover } = await import("./commands/discover/discover.ts");
			return await discover(command, readingDependencies({ ...clocksAndSeed(), isScreen: isScreen() }));
		}
		case "inspect": {
			const { inspect } = await import("./commands/inspect/inspect.ts");
			const { config } = (await configLoader(command.flags))();
			const screen = command.follow && isScreen() ? new Screen({ write: print, size: screenSize }) : null;
			return await inspect(config, command, readingDependencies({ ...dependenciesOf(config), screen }));
		}
		case "demo": {
			const { demo } = await import("./demo/demo.ts");
			const { config } = (await configLoader(command.flags, false))();
			return await demo(config, command.seconds, dependenciesOf(config), {
				print,
				columns: () => (isScreen() ? screenSize().columns : null),
			});
		}
		case "top": {
			const { top } = await import("./commands/top.ts");
			const { keyboard } = await import("./top/keyboard.ts");
			return await top(command, {
				screen: isScreen() ? { write: print, size: screenSize } : null,
				isColoured: !process.env.NO_COLOR,
				...keyboard,
				stopSignal: () => Promise.race([stopSignal(), new Promise((resolve) => process.on("SIGHUP", resolve))]),
				write: print,
				nowMs: Date.now,
			});
		}
		case "check-config": {
			const { checkConfig } = await import("./commands/check-config.ts");
			const loaded = (await configLoader(command.flags))();
			for (const warning of await checkConfig(loaded)) printError(`dnstt_exporter: warning: ${warning}\n`);
			const { effectiveConfig } = await import("./config/effective.ts");
			print(`${JSON.stringify(effectiveConfig(loaded.config), null, 2)}\n`);
			printError("OK\n");
			return 0;
		}
		case "print": {
			const { printed } = await import("./commands/print.ts");
			print(await printed(command.what));
			return 0;
		}
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

/** What commands that read captures use, in addition to the others. */
function readingDependencies<Others extends object>(others: Others) {
	return {
		...others,
		write: print,
		writeError: printError,
		progress: progressLine(),
		// Looked up only where standard input is read: loading streams takes time.
		get isTypedInto() {
			return process.stdin.isTTY === true;
		},
		stopSignal,
	};
}

/** Returns a function that reads the configuration, again at each call; it throws a ConfigError if the configuration is wrong. */
async function configLoader(flags: ConfigFlags, domainRequired = true): Promise<() => LoadedConfig> {
	const { loadConfig } = await import("./config/config.ts");
	const readFile = (path: string) => readFileSync(onDisk(path), "utf8");
	return () => loadConfig({ flags, env: process.env, readFile, domainRequired });
}

/** Loads the configuration of `run`; where only the domain is missing, the error also has what to try. */
async function firstConfig(load: () => LoadedConfig): Promise<LoadedConfig> {
	try {
		return load();
	} catch (error) {
		if (!(error instanceof NoDomainError)) throw error;
		const { firstSteps } = await import("./commands/first-steps.ts");
		const { mayCapture } = await import("./process/privileges.ts");
		throw new ConfigError([...error.problems, ...firstSteps(mayCapture())]);
	}
}

function clocksAndSeed(): Omit<Dependencies, "log"> {
	const startUs = Date.now() * 1_000 - Math.floor(performance.now() * 1_000);
	const [a = 0, b = 0, c = 0, d = 0] = crypto.getRandomValues(new Int32Array(4));
	return {
		seed: [a, b, c, d],
		wallUs: () => Date.now() * 1_000,
		monotonicUs: () => startUs + Math.floor(performance.now() * 1_000),
	};
}

function dependenciesOf(config: Config): Dependencies {
	return {
		...clocksAndSeed(),
		log: createLogger({
			level: config.log.level,
			format: config.log.format,
			write: printError,
			now: Date.now,
		}),
	};
}

/** The lines and the exit code for an error that an operator can cause; any other is a bug in this program and is thrown on, with its stack. */
function describeError(error: unknown): { readonly lines: readonly string[]; readonly code: number } {
	if (error instanceof UsageError || error instanceof ConfigError) return { lines: error.problems, code: exitUsage };
	if (error instanceof EngineError || error instanceof GeoipError) return { lines: [error.message], code: exitUsage };
	if (
		error instanceof AddonError ||
		error instanceof CaptureError ||
		error instanceof WebError ||
		error instanceof TopError
	)
		return { lines: [error.message], code: exitFailed };
	const line = exhausted(error);
	if (line !== null) return { lines: [line], code: exitFailed };
	throw error;
}

async function main(): Promise<number> {
	const fault = stackFault();
	if (fault !== null) {
		printError(`dnstt_exporter: ${fault}\n`);
		return exitFailed;
	}
	try {
		return await execute(parseCommand(wordsAsGiven(process.argv.slice(2))));
	} catch (error) {
		const { lines, code } = describeError(error);
		for (const line of lines) printError(`dnstt_exporter: ${line}\n`);
		return code;
	}
}

void main().then((code) => process.exit(code));
