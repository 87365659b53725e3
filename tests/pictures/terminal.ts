/** A terminal's screen as a page, from what `tmux capture-pane -e` prints: text and SGR sequences (ECMA-48, 8.3.117). */

const ground = "#101615";
const text = "#dfe7e4";
/** The colours 0 to 7; 8 to 15 are shown the same. */
const palette = ["#2b3532", "#f87171", "#5ec48a", "#e3b341", "#79b8ff", "#d2a8ff", "#4fd1c5", text] as const;

interface Look {
	bold: boolean;
	dim: boolean;
	reverse: boolean;
	colour: string;
}

const plain: Look = { bold: false, dim: false, reverse: false, colour: text };

/** What one parameter of a sequence makes of a look. Throws at what no view of this program uses. */
function changed(look: Look, code: number): Look {
	if (code === 0) return plain;
	if (code === 1) return { ...look, bold: true };
	if (code === 2) return { ...look, dim: true };
	if (code === 7) return { ...look, reverse: true };
	if (code === 22) return { ...look, bold: false, dim: false };
	if (code === 27) return { ...look, reverse: false };
	if (code === 39) return { ...look, colour: text };
	// The default background: no other is ever set.
	if (code === 49) return look;
	const colour = palette[code >= 90 ? code - 90 : code - 30];
	if (colour === undefined) throw new Error(`SGR ${code} has no picture`);
	return { ...look, colour };
}

function styleOf({ bold, dim, reverse, colour }: Look): string {
	const colours = reverse ? `color:${ground};background:${colour}` : `color:${colour}`;
	return `${colours}${bold ? ";font-weight:bold" : ""}${dim ? ";opacity:0.65" : ""}`;
}

function elementOf(run: string, look: Look): string {
	return run === "" ? "" : `<span style="${styleOf(look)}">${Bun.escapeHTML(run)}</span>`;
}

/** The screen's lines as HTML, each run of one look in an element of its own. */
export function htmlOfScreen(screen: string): string {
	let look = plain;
	const [first = "", ...rest] = screen.split("\x1b[");
	const runs = rest.map((run) => {
		const end = run.indexOf("m");
		for (const code of run.slice(0, end).split(";")) look = changed(look, Number(code));
		return elementOf(run.slice(end + 1), look);
	});
	return [elementOf(first, plain), ...runs].join("");
}

/** A whole page with the screen as its only element. */
export function terminalPage(screen: string, columns: number): string {
	return `<!doctype html><meta charset="utf-8"><style>
		body { margin: 0; background: ${ground}; }
		pre { margin: 0; padding: 12px 14px; width: ${columns}ch; font: 15px/18px "DejaVu Sans Mono", monospace; }
	</style><pre>${htmlOfScreen(screen)}</pre>`;
}
