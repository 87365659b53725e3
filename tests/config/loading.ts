/** Loading of configurations from what a test gives in place of the command line, the environment and the file. */

import { loadConfig } from "../../src/config/config.ts";
import { ConfigError } from "../../src/config/error.ts";
import type { Config } from "../../src/config/schema.ts";

export const hash = `$2y$10$${"a".repeat(53)}`;
export const otherHash = `$2b$12$${"b".repeat(53)}`;

export interface Input {
	flags?: Record<string, string | string[]>;
	env?: Record<string, string>;
	file?: unknown;
	/** The file's text, where it is no JSON of `file`. */
	text?: string;
	problems?: string[];
	domainRequired?: boolean;
}

/** The configuration that these give. Throws a ConfigError as loadConfig does. */
export function load({ flags = {}, env = {}, file, text, problems = [], domainRequired = true }: Input): Config {
	const values = new Map(Object.entries(flags).map(([name, given]) => [name, [given].flat()]));
	const named = file !== undefined || text !== undefined ? { file: "c.json" } : {};
	return loadConfig({
		flags: { values, problems, ...named },
		env,
		domainRequired,
		readFile: (path) => {
			if (path !== "c.json") throw new Error("no such file");
			return text ?? JSON.stringify(file);
		},
	}).config;
}

/** What is wrong with these; nothing where it is a configuration. */
export function problemsOf(input: Input): readonly string[] {
	try {
		load(input);
	} catch (error) {
		if (error instanceof ConfigError) return error.problems;
		throw error;
	}
	return [];
}

export const withDomain = (input: Input): Input => ({
	...input,
	flags: { "dnstt.domain": "t.example.com", ...input.flags },
});
