/** The blocks of code and the commands in a text of Markdown, and how what a program printed is held against what is shown of it. */

export interface Block {
	/** Such as "sh" or "console". */
	readonly language: string;
	/** The text between its fences, without the last line feed. */
	readonly text: string;
}

export function blocksOf(markdown: string): Block[] {
	return [...markdown.matchAll(/^```(\w+)\n([\s\S]*?)\n```$/gm)].map(([, language = "", text = ""]) => ({
		language,
		text,
	}));
}

/** A command with what is shown of its output; `prompt` is "#" for root and "$" for everyone. */
export interface Shown {
	readonly prompt: string;
	readonly command: string;
	readonly lines: readonly string[];
}

/** What a block of a console shows. */
export function shownIn({ text }: Block): Shown {
	const [first = "", ...lines] = text.split("\n");
	const [, prompt = "", command = ""] = /^([#$]) (.*)$/.exec(first) ?? [];
	return { prompt, command, lines };
}

/** Commands within sentences: code of one line that starts with the name of a program. */
export function commandsIn(markdown: string, programs: readonly string[]): string[] {
	const prose = markdown.replaceAll(/^```[\s\S]*?^```/gm, "");
	const code = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, text = ""]) => text);
	return code.filter((text) => programs.some((program) => text.startsWith(`${program} `)));
}

/** The first line that is shown and was not printed in its place; undefined if there is none. `...` stands for any lines. */
export function firstMissing(
	printed: string,
	shown: readonly string[],
	same: (printed: string, shown: string) => boolean = (a, b) => a === b,
): string | undefined {
	const lines = printed.split("\n");
	let at = 0;
	let isGap = false;
	for (const line of shown) {
		if (line === "...") {
			isGap = true;
			continue;
		}
		const found = lines.findIndex((candidate, index) => index >= at && same(candidate, line));
		if (found < 0 || (!isGap && found !== at)) return line;
		at = found + 1;
		isGap = false;
	}
	return undefined;
}

/** Whether two lines differ in their numbers and their units alone. */
export function sameButNumbers(printed: string, shown: string): boolean {
	const shape = (line: string) => line.replaceAll(/\d[\d,.]*( (?:k|M)?B\b)?/g, "N");
	return shape(printed) === shape(shown);
}
