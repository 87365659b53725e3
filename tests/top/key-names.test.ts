import { expect, test } from "bun:test";
import { keysOf } from "../../src/top/key-names.ts";

test.each([
	["letters are themselves", "sr/?", ["s", "r", "/", "?"]],
	["characters of any script are themselves", "é日🦊", ["é", "日", "🦊"]],
	["arrows in both modes have names", "\x1b[A\x1bOB\x1b[C\x1bOD", ["up", "down", "right", "left"]],
	["paging keys have names", "\x1b[5~\x1b[6~\x1b[H\x1b[4~", ["page up", "page down", "home", "end"]],
	["a lone escape has a name", "\x1b", ["escape"]],
	["keys behind an escape are keys", "\x1b\x1b[A", ["escape", "up"]],
	["Enter, Backspace, Ctrl+C and Ctrl+L have names", "\r\x7f\x03\x0c", ["enter", "backspace", "interrupt", "redraw"]],
	["unknown sequences and control characters are nothing", "\x1b[200~\x1b[1;5A\x01a\x1b[I", ["a"]],
	["nothing is nothing", "", []],
])("%s", (_, sent, keys) => {
	expect(keysOf(sent)).toEqual(keys);
});
