/** argv -> a command -> exit code. */

import { readFileSync } from "node:fs";
import { CaptureError } from "./capture/source.ts";
import { type Command, helpText, parseCommand, UsageError, versionText } from "./cli/arguments.ts";
import type { Config, ConfigFlags, LoadedConfig } from "./config/config.ts";
import { ConfigError } from "./config/error.ts";
import { EngineError } from "./engine/error.ts";
import type { World } from "./exporter/stages.ts";
import { onDisk } from "./filename.ts";
import { GeoipError } from "./geoip/error.ts";
import { createLogger } from "./log.ts";
import { AddonError } from "./native/addon.ts";
import { exhausted, stackFault } from "./process/exhausted.ts";
import { isScreen, print, printError, progressLine, screenSize } from "./process/output.ts";
import { stopSignal } from "./process/stop.ts";
import { wordsAsGiven } from "./process/words.ts";
import { TopError } from "./top/error.ts";
import { Screen } from "./top/screen.ts";
import { revision, version } from "./version.ts";
import { WebError } from "./web/error.ts";

const exitFailed = 1;
const exitUsage = 2;

/**
 * Each command loads what it is made of only here, once it is chosen. All of it together takes 17 ms of the processor, which
 * --version, at 7 ms, does without.
 */
async function execute(command: Command): Promise<number> {
	switch (command.kind) {
		case "run": {
			const { run } = await import("./commands/run.ts");
			const load = await configLoader(command.flags);
			const loaded = load();
			return await run(loaded, () => load().config, worldOf(loaded.config));
		}
		case "inspect": {
			const { inspect } = await import("./commands/inspect/inspect.ts");
			const { config } = (await configLoader(command.flags))();
			return await inspect(config, command, {
				...worldOf(config),
				write: print,
				writeError: printError,
				progress: progressLine(),
				get isTypedInto() {
					return process.stdin.isTTY === true;
				},
				screen: command.follow && isScreen() ? new Screen({ write: print, size: screenSize }) : null,
				stopSignal,
			});
		}
		case "demo": {
			const { demo } = await import("./demo/demo.ts");
			const { config } = (await configLoader(command.flags, false))();
			return await demo(config, command.seconds, worldOf(config), {
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
			const { effectiveConfig } = await import("./config/config.ts");
			print(`${JSON.stringify(effectiveConfig(loaded.config), null, 2)}\n`);
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

/** What reads the configuration, as often as it is called; throws a ConfigError each time that there is something wrong with it. */
async function configLoader(flags: ConfigFlags, domainRequired = true): Promise<() => LoadedConfig> {
	const { loadConfig } = await import("./config/config.ts");
	const readFile = (path: string) => readFileSync(onDisk(path), "utf8");
	return () => loadConfig({ flags, env: process.env, readFile, domainRequired });
}

function worldOf(config: Config): World {
	const startUs = Date.now() * 1_000 - Math.floor(performance.now() * 1_000);
	const [a = 0, b = 0, c = 0, d = 0] = crypto.getRandomValues(new Int32Array(4));
	return {
		log: createLogger({
			level: config.log.level,
			format: config.log.format,
			write: printError,
			now: Date.now,
		}),
		seed: [a, b, c, d],
		wallUs: () => Date.now() * 1_000,
		monotonicUs: () => startUs + Math.floor(performance.now() * 1_000),
	};
}

/** What an operator can meet is told in lines; anything else is a fault of this program and keeps its stack. */
function told(error: unknown): { readonly lines: readonly string[]; readonly code: number } {
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
		const { lines, code } = told(error);
		for (const line of lines) printError(`dnstt_exporter: ${line}\n`);
		return code;
	}
}

void main().then((code) => process.exit(code));
