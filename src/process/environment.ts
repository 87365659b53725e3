/** Environment variables that make the Bun runtime inside the executable run other code than ours. */

import { ConfigError } from "../config/error.ts";

/** What each variable allows (Bun 1.4.5). BUN_BE_BUN is missing on purpose: with it, our code never runs. */
export const unsafeVariables: Readonly<Record<string, string>> = {
	BUN_OPTIONS: "can load other code",
	BUN_INSPECT: "opens a debugger, through which others can run code",
	BUN_INSPECT_CONNECT_TO: "connects to a debugger, which can run code",
	BUN_INSPECT_NOTIFY: "opens a debugger, through which others can run code",
	BUN_INSPECT_PRELOAD: "can load other code",
};

/**
 * Throws a ConfigError if one of them is set: a program that captures a host's traffic should run only its own code. Code that a
 * variable loaded has already run by now, with the rights of the user who set it; this makes sure that somebody notices.
 */
export function refuseUnsafeEnvironment(env: Readonly<Record<string, string | undefined>>): void {
	const set = Object.entries(unsafeVariables).filter(([name]) => env[name] !== undefined && env[name] !== "");
	if (set.length > 0)
		throw new ConfigError(set.map(([name, effect]) => `${name} is set, and ${effect}: unset it for the exporter`));
}
