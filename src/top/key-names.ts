/** Keys that have names; any other is its character. */
const sequences: Readonly<Record<string, string>> = {
	"\x1b[A": "up",
	"\x1bOA": "up",
	"\x1b[B": "down",
	"\x1bOB": "down",
	"\x1b[C": "right",
	"\x1bOC": "right",
	"\x1b[D": "left",
	"\x1bOD": "left",
	"\x1b[5~": "page up",
	"\x1b[6~": "page down",
	"\x1b[H": "home",
	"\x1bOH": "home",
	"\x1b[1~": "home",
	"\x1b[F": "end",
	"\x1bOF": "end",
	"\x1b[4~": "end",
	"\x1b[Z": "left",
	"\x1b": "escape",
	"\t": "right",
	"\r": "enter",
	"\n": "enter",
	"\x7f": "backspace",
	"\b": "backspace",
	"\x03": "interrupt",
	"\x0c": "redraw",
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a terminal sends (ECMA-48, 5.4: control sequences).
const tokenPattern = /\x1b\[[0-?]*[ -/]*[@-~]|\x1bO[@-~]|\x1b|[^\x1b]/gu;

/** The keys in what a terminal sent, by name; sequences without a name here are left out. */
export function keysOf(sent: string): string[] {
	return [...sent.matchAll(tokenPattern)].flatMap(([token]) => {
		const name = sequences[token];
		if (name !== undefined) return [name];
		return /^\P{C}$/u.test(token) ? [token] : [];
	});
}
