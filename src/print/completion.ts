/** Completion for shells, made from the table of commands. */

import { type CommandSpec, commandNames, commands, commonFlags, type FlagSpec, printables } from "../cli/commands.ts";

const program = "dnstt_exporter";

/** Every flag once, in the order of the commands, with the commands that take it. */
function flagOwners(): { readonly flag: FlagSpec; readonly owners: readonly string[] }[] {
	const rows = new Map<string, { flag: FlagSpec; owners: string[] }>();
	for (const { name, flags } of commands) {
		for (const flag of flags) {
			const row = rows.get(flag.name) ?? { flag, owners: [] };
			row.owners.push(name);
			rows.set(flag.name, row);
		}
	}
	return [...rows.values(), ...commonFlags.map((flag) => ({ flag, owners: [...commandNames] }))];
}

const takesValue = ({ placeholder }: FlagSpec) => placeholder !== "";
const operandWords = (spec: CommandSpec): readonly string[] => spec.operandChoices;
/** A word in single quotes, for any of the shells. */
const quote = (text: string, escapedQuote: string) => `'${text.replaceAll("'", escapedQuote)}'`;

/** Lines of a bash `case` on flags in either dash form; nothing without flags. */
function bashCase(flags: readonly FlagSpec[], body: string): string {
	if (flags.length === 0) return "";
	return `\t${flags.map(({ name }) => `--${name}|-${name}`).join("|")}) ${body} ;;\n`;
}

/** Completion for bash 4 and later, without the package bash-completion. Ends with a line feed. */
export function bashCompletion(): string {
	const flags = flagOwners().map(({ flag }) => flag);
	const chosen = flags.filter(({ choices }) => choices !== undefined);
	const files = flags.filter(({ file }) => file);
	const others = flags.filter((flag) => takesValue(flag) && flag.choices === undefined && !flag.file);
	const choiceCases = chosen.map((flag) => bashCase([flag], `words="${flag.choices?.join(" ")}"`));
	const flagCases = commands.map(
		(spec) =>
			`\t\t${spec.name}) words="${[...spec.flags, ...commonFlags].map(({ name }) => `--${name}`).join(" ")}" ;;\n`,
	);
	const operandCases = commands
		.filter((spec) => operandWords(spec).length > 0)
		.map((spec) => `\t\t${spec.name}) words="${operandWords(spec).join(" ")}" ;;\n`);
	const fileCommands = commands.filter(({ operandFiles }) => operandFiles).map(({ name }) => name);
	return `# bash completion for ${program}, as printed by: ${program} print completion-bash

_${program}() {
	local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} before= command= word words=
	# --flag=value comes as three words.
	if [[ $current == = ]]; then
		current=
	elif [[ $previous == = ]]; then
		previous=\${COMP_WORDS[COMP_CWORD - 2]}
	fi
	for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		case $before in
${bashCase([...files, ...others, ...chosen], ": the value of a flag").replace(/^\t/, "\t\t=|")}		*)
			case $word in
			${commandNames.join("|")})
				command=$word
				break
				;;
			esac
			;;
		esac
		before=$word
	done
	COMPREPLY=()
	case $previous in
${choiceCases.join("")}${bashCase(files, `_${program}_files "$current"; return`)}${bashCase(others, "return")}	*)
		if [[ $current == -* ]]; then
			case \${command:-run} in
${flagCases.join("").replaceAll(/^/gm, "\t").trimEnd()}
			esac
		else
			case $command in
			"") words="${commandNames.join(" ")}" ;;
${operandCases.join("").replaceAll(/^/gm, "\t").trimEnd()}
			${fileCommands.join("|")})
				_${program}_files "$current"
				return
				;;
			esac
		fi
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

_${program}_files() {
	mapfile -t COMPREPLY < <(compgen -f -- "$1")
	compopt -o filenames 2> /dev/null
}

complete -F _${program} ${program}
`;
}

/** Completion for zsh, to stand as _${program} in a folder of $fpath. Ends with a line feed. */
export function zshCompletion(): string {
	const q = (text: string) => quote(text, "'\\''");
	const plain = (text: string) => text.replaceAll(/[[\]:\\]/g, "\\$&");
	const flagWord = (flag: FlagSpec): string => {
		const head = `${flag.repeatable ? "*" : ""}--${flag.name}${takesValue(flag) ? "=" : ""}[${plain(flag.description)}]`;
		if (!takesValue(flag)) return q(head);
		const action = flag.choices !== undefined ? `(${flag.choices.join(" ")})` : flag.file ? "_files" : " ";
		return q(`${head}:${plain(flag.placeholder)}:${action}`);
	};
	const operandWord = (spec: CommandSpec): string[] => {
		if (spec.name === "print") {
			const words = Object.entries(printables).map(([word, what]) => `${word}\\:"${plain(plain(what))}"`);
			return [q(`2:what to print:((${words.join(" ")}))`)];
		}
		if (operandWords(spec).length > 0) return [q(`2:word:(${operandWords(spec).join(" ")})`)];
		return spec.operandFiles ? [q("*:capture file:_files")] : [];
	};
	const caseOf = (spec: CommandSpec): string => {
		const words = [
			...[...spec.flags, ...commonFlags].map(flagWord),
			"'1: :_dnstt_exporter_commands'",
			...operandWord(spec),
		];
		return `\t${spec.name})\n\t\t_arguments \\\n${words.map((word) => `\t\t\t${word}`).join(" \\\n")}\n\t\t;;\n`;
	};
	return `#compdef ${program}
# zsh completion for ${program}, as printed by: ${program} print completion-zsh

_${program}_commands() {
	local -a commands=(
${commands.map(({ name, summary }) => `\t\t${q(`${name}:${summary}`)}`).join("\n")}
	)
	_describe -t commands command commands
}

_${program}() {
	local -a names=(${commandNames.join(" ")})
	local command=run word
	for word in \${words[2,CURRENT-1]}; do
		if (( \${names[(Ie)$word]} )); then
			command=$word
			break
		fi
	done
	case $command in
${commands.map(caseOf).join("")}	esac
}

if [[ \${funcstack[1]-} == _${program} ]]; then
	_${program} "$@"
else
	compdef _${program} ${program}
fi
`;
}

/** Completion for fish. Ends with a line feed. */
export function fishCompletion(): string {
	const q = (text: string) => quote(text, "\\'");
	const line = (...words: readonly string[]) => ["complete", "-c", program, ...words].join(" ");
	const given = (owners: readonly string[]) => ["-n", q(`__${program}_command ${owners.join(" ")}`)];
	const lines = [
		line("-f"),
		...commands.map(({ name, summary }) => line("-n", `__${program}_no_command`, "-a", name, "-d", q(summary))),
		...flagOwners().map(({ flag, owners }) => {
			const value = !takesValue(flag)
				? []
				: flag.choices !== undefined
					? ["-x", "-a", q(flag.choices.join(" "))]
					: [flag.file ? "-rF" : "-x"];
			const short = flag.short === undefined ? [] : ["-s", flag.short];
			const everywhere = owners.length === commandNames.length ? [] : given(owners);
			return line(...everywhere, ...short, "-l", flag.name, ...value, "-d", q(flag.description));
		}),
		...Object.entries(printables).map(([word, what]) => line(...given(["print"]), "-a", word, "-d", q(what))),
		line(...given(["help"]), "-a", q(commandNames.join(" "))),
		...commands.filter(({ operandFiles }) => operandFiles).map(({ name }) => line(...given([name]), "-F")),
	];
	return `# fish completion for ${program}, as printed by: ${program} print completion-fish

# The command on the line so far; nothing if there is none.
function __${program}_word
	for word in (commandline -opc)[2..]
		if contains -- $word ${commandNames.join(" ")}
			echo $word
			return
		end
	end
end

function __${program}_no_command
	test -z (__${program}_word)
end

# Whether the command on the line is one of these; run is the one that need not be written.
function __${program}_command
	set -l word (__${program}_word)
	test -n "$word"; or set word run
	contains -- $word $argv
end

${lines.join("\n")}
`;
}
