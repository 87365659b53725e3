/** The README says what is there: keys, metrics, commands, scripts and files are those of the program, and no address is a stranger's. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { isIPv4, isIPv6 } from "node:net";
import { resolve } from "node:path";
import example from "../config.example.json" with { type: "json" };
import packageFile from "../package.json" with { type: "json" };
import { commandNames } from "../src/cli/commands.ts";
import { configKeys } from "../src/config/keys.ts";
import { keyFaults, metricFaults } from "./support/reference-tables.ts";

const root = resolve(import.meta.dir, "..");
const isCommand = (word: string) => (commandNames as readonly string[]).includes(word);
const readme = readFileSync(resolve(root, "README.md"), "utf8");

/** Words after the program's name, in code, that are no command. */
function unknownCommands(text: string): string[] {
	const named = [...text.matchAll(/^(?:[$#] )?dnstt_exporter (?!\()([a-z][\w-]*)|`dnstt_exporter ([a-z][\w-]*)/gm)];
	return named.map(([, line, span]) => line ?? span ?? "").filter((name) => !isCommand(name));
}

/** `npm run X` and `bun run X` whose script is not there; `bun run` and `bun` take files too. */
function missingScripts(text: string): string[] {
	const scripts = Object.keys(packageFile.scripts);
	const named = [...text.matchAll(/\b(?:npm|bun) run ([\w:./-]*[\w/-])/g)].map(([, name = ""]) => name);
	const short = [...text.matchAll(/\bnpm (test|start)\b/g)].map(([, name = ""]) => name);
	return [...named, ...short].filter((name) => !scripts.includes(name) && !existsSync(resolve(root, name)));
}

/** The anchor that forges give a heading. */
function anchorOf(heading: string): string {
	const words = heading.trim().toLowerCase().replaceAll("`", "");
	return words.replaceAll(/[^\p{L}\p{N}_ -]/gu, "").replaceAll(" ", "-");
}

/** Links to files that are not in the repository, and to headings that are not in the text. */
function brokenLinks(text: string): string[] {
	const prose = text.replaceAll(/^```[\s\S]*?^```/gm, "");
	const anchors = [...prose.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) => anchorOf(heading));
	const targets = [...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)/gm)]
		.map(([, inline, reference]) => inline ?? reference ?? "")
		.filter((target) => !/^[a-z][a-z+.-]*:/i.test(target));
	const named = [...text.matchAll(/`((?:src|tests)\/[\w./-]+)`/g)].map(([, path = ""]) => path);
	return [...targets, ...named].filter((target) => {
		const [path = "", anchor] = target.split("#");
		if (path !== "") return path.startsWith("/") || !existsSync(resolve(root, decodeURIComponent(path)));
		return anchor !== undefined && !anchors.includes(anchor);
	});
}

/** Networks for documentation (RFC 5737, RFC 3849), this host, and the network of the project's tests. */
const documentation = [
	/^192\.0\.2\./,
	/^198\.51\.100\./,
	/^203\.0\.113\./,
	/^127\./,
	/^10\.77\./,
	/^2001:0?db8:/i,
	/^::1$/,
	// Every address of a host, to listen on: nobody's.
	/^0\.0\.0\.0$/,
	/^::$/,
];

/** Addresses that may be somebody's. */
function foreignAddresses(text: string): string[] {
	const v4 = [...text.matchAll(/(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\d)/g)].map(([found]) => found);
	const v6 = [...text.matchAll(/(?<![\w:.])[\da-f]*:[\da-f:]*:[\da-f:.]*(?![\w:])/gi)].map(([found]) =>
		found.replace(/\.$/, ""),
	);
	const addresses = [...v4.filter((found) => isIPv4(found)), ...v6.filter((found) => isIPv6(found))];
	return addresses.filter((address) => !documentation.some((network) => network.test(address)));
}

/** The keys that a configuration file has, as far as it goes: a null stands for all keys under it. */
function keysOf(file: unknown): string[] {
	return configKeys
		.filter(({ path }) => {
			let inner = file;
			for (const part of path) {
				if (inner === null) return true;
				if (typeof inner !== "object" || !Object.hasOwn(inner as object, part)) return false;
				inner = (inner as Record<string, unknown>)[part];
			}
			return true;
		})
		.map(({ name }) => name);
}

/** Dotted names of all that a configuration file sets. */
function leavesOf(file: object, prefix = ""): string[] {
	return Object.entries(file).flatMap(([name, value]) => {
		const isSection = typeof value === "object" && value !== null && !Array.isArray(value);
		return isSection ? leavesOf(value, `${prefix}${name}.`) : [`${prefix}${name}`];
	});
}

describe("the README", () => {
	test("lists only keys that exist, each with its default; the reference has all", () => {
		expect(keyFaults(readme)).toEqual([]);
	});

	test("lists only metrics that exist, each with its type; the reference has all", () => {
		expect(metricFaults(readme)).toEqual([]);
	});

	test("has at most 250 lines", () => {
		expect(readme.trimEnd().split("\n").length).toBeLessThanOrEqual(250);
	});

	test("names only commands that exist", () => {
		expect(unknownCommands(readme)).toEqual([]);
	});

	test("names only scripts that package.json has", () => {
		expect(missingScripts(readme)).toEqual([]);
	});

	test("links only to what is there", () => {
		expect(brokenLinks(readme)).toEqual([]);
	});

	test("shows no address but those for documentation", () => {
		expect(foreignAddresses(readme)).toEqual([]);
	});
});

describe("config.example.json", () => {
	test("has every key, and no other", () => {
		expect(keysOf(example)).toEqual(configKeys.map(({ name }) => name));
		const isKey = (leaf: string) => configKeys.some(({ name }) => name === leaf || name.startsWith(`${leaf}.`));
		expect(leavesOf(example).filter((leaf) => leaf !== "$schema" && !isKey(leaf))).toEqual([]);
	});
});

describe("what the README is held against", () => {
	const rows = [
		["another default", () => keyFaults("| `log.level` | `debug` |"), "log.level has the default debug"],
		["a key that is gone", () => keyFaults("| `log.colour` | `red` |"), "log.colour is no key"],
		["another type", () => metricFaults("| `dnstt_queries_total` | gauge |"), "dnstt_queries_total is a counter"],
		["a metric that is gone", () => metricFaults("| `dnstt_gone` | gauge | |"), "dnstt_gone is no metric"],
		["a command that is gone", () => unknownCommands("Run `dnstt_exporter inspekt FILE`."), "inspekt"],
		["a command that is gone, in a block", () => unknownCommands("```sh\ndnstt_exporter inspekt x\n```"), "inspekt"],
		["a script that is gone", () => missingScripts("Run `npm run gone:by`."), "gone:by"],
		["a link to no file", () => brokenLinks("[a](docs/gone.md)"), "docs/gone.md"],
		["a path of no file", () => brokenLinks("see `src/gone.ts`"), "src/gone.ts"],
		["an anchor of no heading", () => brokenLinks("# One\n[a](#two)"), "#two"],
		["a stranger's IPv4 address", () => foreignAddresses("at 192.0.3.1:53."), "192.0.3.1"],
		["a stranger's IPv6 address", () => foreignAddresses("at [2001:dead::1]:53"), "2001:dead::1"],
	] as const;
	for (const [title, problems, expected] of rows) {
		test(`${title} is found`, () => expect(problems()).toContain(expected));
	}

	test("what is right is left alone", () => {
		expect(missingScripts("`npm test`, `npm run build`, `bun run src/main.ts`, `bun run bench:memory`.")).toEqual([]);
		expect(
			brokenLinks("# A `b-c`, d\n[a](#a-b-c-d) [b](package.json) [c](https://example.com/) `src/main.ts`"),
		).toEqual([]);
		const allowed = "192.0.2.1 198.51.100.7 203.0.113.255 127.0.0.1:9713 10.77.2.2 [2001:db8::1]:53 ::1 [::]:9713";
		expect(foreignAddresses(`${allowed} node::Buffer 09:09:35 1.20240513 at 12:00.`)).toEqual([]);
		expect(keyFaults("| `log.level` | `info` |")).toEqual([]);
		expect(metricFaults("| `dnstt_queries_total` | counter |")).toEqual([]);
		expect(unknownCommands("`dnstt_exporter --help`, `dnstt_exporter top`\n$ dnstt_exporter inspect x")).toEqual([]);
	});
});
