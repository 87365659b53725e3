/** Ways by which the environment makes the Bun runtime inside the executable run other code than ours. */

import { ConfigError } from "../config/error.ts";

/** The variables with what each opens (Bun 1.4.5); BUN_BE_BUN is not among them: with it our code never runs. */
export const doors: Readonly<Record<string, string>> = {
	BUN_OPTIONS: "can load other code",
	BUN_INSPECT: "opens a debugger, through which others can run code",
	BUN_INSPECT_CONNECT_TO: "connects to a debugger, which can run code",
	BUN_INSPECT_NOTIFY: "opens a debugger, through which others can run code",
	BUN_INSPECT_PRELOAD: "can load other code",
};

/**
 * Refuses to go on when one of them is set: what captures a host's traffic runs its own code only. Code that a variable
 * has loaded did run by then, with the rights of whoever set it; this keeps such a setting from going unnoticed.
 */
export function refuseOpenDoors(env: Readonly<Record<string, string | undefined>>): void {
	const open = Object.entries(doors).filter(([name]) => env[name] !== undefined && env[name] !== "");
	if (open.length > 0)
		throw new ConfigError(open.map(([name, effect]) => `${name} is set, and ${effect}: unset it for the exporter`));
}
