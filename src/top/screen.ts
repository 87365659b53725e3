/** The part of a terminal that a program has for itself: the alternate screen (xterm control sequences, "Private Modes"). */

import type { Size } from "../process/output.ts";

export interface ScreenOptions {
	/** Writes to the terminal, whole. */
	write(text: string): void;
	size(): Size;
}

/** Alternate screen with a hidden cursor and no wrapping: a character that is wider than expected breaks one line only. */
const enter = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
/** Cleared: tmux keeps lines of an alternate screen that has grown. */
const leave = "\x1b[0m\x1b[2J\x1b[H\x1b[?7h\x1b[?25h\x1b[?1049l";
/** Between these a terminal shows nothing new, so that it never shows half a frame; others pass over them. */
const frameBegin = "\x1b[?2026h";
const frameEnd = "\x1b[?2026l";

/**
 * Takes the alternate screen until close(), or until the process exits, however it does. Lines are written where they
 * differ from those shown, all in one write.
 */
export class Screen {
	private readonly options: ScreenOptions;
	private shown: readonly string[] = [];
	private shownSize: Size = { columns: 0, rows: 0 };
	private open = true;

	constructor(options: ScreenOptions) {
		this.options = options;
		options.write(enter);
		process.on("exit", this.close);
	}

	/** The first of these lines, as many as there is room for; each is cut at the right edge. */
	show(lines: readonly string[]): void {
		if (!this.open) return;
		const size = this.options.size();
		const isNew = size.columns !== this.shownSize.columns || size.rows !== this.shownSize.rows;
		const parts = [isNew ? "\x1b[0m\x1b[2J" : ""];
		const next = Array.from({ length: size.rows }, (_, row) => Bun.sliceAnsi(lines[row] ?? "", 0, size.columns));
		for (const [row, line] of next.entries()) {
			if (!isNew && this.shown[row] === line) continue;
			const rest = size.columns - Bun.stringWidth(line);
			parts.push(`\x1b[${row + 1};1H${line}\x1b[0m${rest > 0 ? "\x1b[K" : ""}`);
		}
		this.shown = next;
		this.shownSize = size;
		if (parts.some((part) => part !== "")) this.options.write(`${frameBegin}${parts.join("")}${frameEnd}`);
	}

	/** Forgets what is shown: the next show() writes all of it, over what other programs left there. */
	forget(): void {
		this.shownSize = { columns: 0, rows: 0 };
	}

	/** Restores the terminal. Idempotent. */
	readonly close = (): void => {
		if (!this.open) return;
		this.open = false;
		process.off("exit", this.close);
		this.options.write(leave);
	};
}
