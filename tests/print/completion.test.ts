import { describe, expect, test } from "bun:test";
import { commandNames, commands, printables } from "../../src/cli/commands.ts";
import { bashCompletion, fishCompletion, zshCompletion } from "../../src/print/completion.ts";
import { type Ended, runCommand } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";

const done: Ended = { code: 0, stdout: "", stderr: "" };
const things = Object.keys(printables);
const flagsOf = (name: string) => {
	const spec = commands.find((candidate) => candidate.name === name);
	return [...(spec?.flags ?? []).map((flag) => `--${flag.name}`), "--help", "--version"];
};

/** Runs a script of a shell beside files of these names; the completion lies there as `completion`. Gives the lines printed. */
async function runScript(shell: readonly string[], completion: string, script: string): Promise<string[]> {
	using folder = temporaryFolder();
	await Bun.write(folder.file("completion"), completion);
	await Bun.write(folder.file("day.pcap"), "");
	await Bun.write(folder.file("my config.json"), "");
	const { code, stdout, stderr } = await runCommand([...shell, script], { cwd: folder.path });
	expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
	return stdout.split("\n").filter(Boolean);
}

/** Whether a shell takes the completion's syntax. */
async function parses(shell: readonly string[], completion: string): Promise<void> {
	using folder = temporaryFolder();
	await Bun.write(folder.file("completion"), completion);
	expect(await runCommand([...shell, folder.file("completion")])).toEqual(done);
}

// The shells: Debian's package is installed by tools.ts where that may be; a run names what it skipped.
describe.skipIf(Bun.which("bash") === null)("bash", () => {
	/** What stands for completion behind these words; the last is the one that is typed. As readline does, `=` is a word of its own. */
	const complete = (words: readonly string[]) =>
		runScript(
			["bash", "--norc", "-uc"],
			bashCompletion(),
			[
				"source ./completion",
				`COMP_WORDS=(dnstt_exporter ${words.map((word) => `'${word}'`).join(" ")})`,
				`COMP_CWORD=${words.length}`,
				"$(complete -p dnstt_exporter | sed -E 's/.*-F (\\S+) .*/\\1/')",
				// biome-ignore lint/suspicious/noTemplateCurlyInString: it is bash's
				'printf "%s\\n" "${COMPREPLY[@]}"',
			].join("\n"),
		);

	test("the syntax is sound", () => parses(["bash", "-n"], bashCompletion()));

	test.each<[title: string, words: string[], expected: readonly string[]]>([
		["no word yet gives the commands", [""], commandNames],
		["the first letters of a command give it", ["ch"], ["check-config"]],
		["a dash gives the flags of run", ["-"], flagsOf("run")],
		["flags of the command on the line", ["top", "-"], flagsOf("top")],
		["the first letters of a flag", ["inspect", "--fo"], ["--format", "--follow"]],
		["nothing of other commands' flags", ["top", "--dnstt"], []],
		["what print prints", ["print", ""], things],
		["the topics of help", ["help", "ins"], ["inspect"]],
		["the choices of a flag", ["--log.format", ""], ["logfmt", "json"]],
		["the choices of a flag behind =", ["--log.level", "=", "e"], ["error"]],
		["the choices of a flag behind = with nothing yet", ["--log.format", "="], ["logfmt", "json"]],
		["the choices of a flag in Go's form", ["-log.level", "wa"], ["warn"]],
		["files for a flag that names one", ["--config.file", "my"], ["my config.json"]],
		["files for inspect", ["inspect", "--follow", "day"], ["day.pcap"]],
		["nothing for a value that cannot be known", ["--dnstt.domain", ""], []],
		[
			"a value that reads like a command is none",
			["--process.user", "top", "--cap"],
			flagsOf("run").filter((flag) => flag.startsWith("--cap")),
		],
		["a value behind = that reads like a command is none", ["--process.user", "=", "top", "pr"], ["print"]],
	])("%s", async (_, words, expected) => {
		expect(await complete(words)).toEqual([...expected]);
	});
});

describe.skipIf(Bun.which("fish") === null)("fish", () => {
	const complete = async (line: string) => {
		const lines = await runScript(
			["fish", "--no-config", "-c"],
			fishCompletion(),
			`source ./completion; complete -C '${line}'`,
		);
		return lines.map((row) => row.split("\t")[0]);
	};

	test("the syntax is sound", () => parses(["fish", "-n"], fishCompletion()));

	test.each<[title: string, line: string, expected: readonly string[]]>([
		["no word yet gives the commands", "dnstt_exporter ", commandNames],
		["the first letters of a command give it", "dnstt_exporter ch", ["check-config"]],
		["flags of the command on the line", "dnstt_exporter top --", flagsOf("top")],
		["the flags of run without a command", "dnstt_exporter --capture.b", ["--capture.buffer-size"]],
		["nothing of other commands' flags", "dnstt_exporter top --dnstt", []],
		["what print prints", "dnstt_exporter print ", things],
		["the choices of a flag", "dnstt_exporter --log.format ", ["logfmt", "json"]],
		["files for inspect", "dnstt_exporter inspect da", ["day.pcap"]],
		["no files where none are wanted", "dnstt_exporter top da", []],
	])("%s", async (_, line, expected) => {
		expect((await complete(line)).toSorted()).toEqual([...expected].toSorted());
	});
});

describe.skipIf(Bun.which("zsh") === null)("zsh", () => {
	const setUp = [
		...["PROMPT=", "autoload -U compinit", "compinit -u -D", "source ./completion"],
		// The echo of this line must not read like what it prints.
		...[
			'show() { print -r -- "<<$BUFFER>>"the"end" }',
			"zle -N show",
			'bindkey "^G" show',
			'bindkey "^I" complete-word',
		],
	].join("; ");
	/** The line after Tab, in an interactive shell on a terminal of its own; a key prints it. */
	const complete = async (line: string) => {
		const lines = await runScript(
			["zsh", "-f", "-c"],
			zshCompletion(),
			[
				"zmodload zsh/zpty",
				"zpty z zsh -f -i",
				`zpty -w z '${setUp}; print rea""dy'`,
				"zpty -r z seen '*ready*'",
				`zpty -w -n z $'${line}\\t\\x07'`,
				"zpty -r z seen '*theend*'",
				'print -r -- "$seen"',
				"zpty -d z",
			].join("\n"),
		);
		return /<<(.*)>>theend/.exec(lines.join("\n"))?.[1]?.trimEnd();
	};

	test("the syntax is sound", () => parses(["zsh", "-n"], zshCompletion()));

	test.each([
		["dnstt_exporter chec", "dnstt_exporter check-config"],
		["dnstt_exporter print prom", "dnstt_exporter print prometheus-rules"],
		["dnstt_exporter --log.lev", "dnstt_exporter --log.level="],
		["dnstt_exporter --log.level=e", "dnstt_exporter --log.level=error"],
		["dnstt_exporter inspect --fol", "dnstt_exporter inspect --follow"],
		["dnstt_exporter inspect da", "dnstt_exporter inspect day.pcap"],
		["dnstt_exporter top --dnstt", "dnstt_exporter top --dnstt"],
	])("%s becomes %s", async (line, expected) => {
		expect(await complete(line)).toBe(expected);
	});
});
