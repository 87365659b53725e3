import { configFileVariable, variableOf } from "../config/keys.ts";

/** How flags, environment variables and keys belong together, as help, the manual page and the reference state it. Names are between backticks. */
export const configRules: readonly string[] = [
	`A flag \`--section.key\` is also the key of that section in the JSON file, and the environment variable \`${variableOf("section.key")}\`: upper case, with underscores for dots and dashes. \`--config.file\` or \`${configFileVariable}\` names the file.`,
	"Precedence: flag, environment variable, configuration file, default.",
	"A flag takes one dash or two, its value after `=` or a space; `--no-FLAG` turns one off that is on by default.",
	"Flags marked `...` may be repeated, or take several values with commas.",
];
