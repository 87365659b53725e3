import { expect, test } from "bun:test";
import { Screen } from "../../src/top/screen.ts";

function openScreen() {
	const writes: string[] = [];
	const size = { columns: 10, rows: 3 };
	const screen = new Screen({ write: (text) => void writes.push(text), size: () => ({ ...size }) });
	return { screen, writes, size };
}

test("takes the alternate screen, and gives it back once", () => {
	const { screen, writes } = openScreen();
	screen.close();
	screen.close();
	screen.show(["too late"]);
	expect(writes).toEqual(["\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J", "\x1b[0m\x1b[2J\x1b[H\x1b[?7h\x1b[?25h\x1b[?1049l"]);
});

test("writes a frame at once, lines cut at the edges, and then only what differs", () => {
	const { screen, writes, size } = openScreen();
	screen.show(["one", "0123456789ABC", "日本語日本語", "four"]);
	expect(writes[1]).toBe(
		"\x1b[?2026h\x1b[0m\x1b[2J\x1b[1;1Hone\x1b[0m\x1b[K\x1b[2;1H0123456789\x1b[0m\x1b[3;1H日本語日本\x1b[0m\x1b[?2026l",
	);
	screen.show(["one", "two", "日本語日本語"]);
	expect(writes[2]).toBe("\x1b[?2026h\x1b[2;1Htwo\x1b[0m\x1b[K\x1b[?2026l");
	screen.show(["one", "two", "日本語日本語"]);
	expect(writes).toHaveLength(3);
	size.rows = 2;
	screen.show(["one", "two"]);
	expect(writes[3]).toBe("\x1b[?2026h\x1b[0m\x1b[2J\x1b[1;1Hone\x1b[0m\x1b[K\x1b[2;1Htwo\x1b[0m\x1b[K\x1b[?2026l");
	screen.forget();
	screen.show(["one", "two"]);
	expect(writes[4]).toBe(writes[3] ?? "");
	screen.close();
});
