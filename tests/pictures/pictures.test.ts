/** The pictures that README shows: `npm run pictures` renews them. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { layoutPage, type Panel } from "./dashboard-layout.ts";
import { htmlOfScreen } from "./terminal.ts";

const root = resolve(import.meta.dir, "../..");
const bytesMax = 200_000;
const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");

/** The paths of the pictures that a Markdown text shows or links to. */
function picturesOf(markdown: string): string[] {
	return [...markdown.matchAll(/tests\/pictures\/[\w.-]+/g)].map(([path]) => path);
}

/** What is wrong with a picture. */
function problemsOf(path: string): string[] {
	if (!existsSync(join(root, path))) return [`${path} is missing`];
	const bytes = readFileSync(join(root, path));
	return [
		...(bytes.subarray(0, signature.length).equals(signature) ? [] : [`${path} is no PNG`]),
		...(bytes.length < bytesMax ? [] : [`${path} has ${bytes.length} bytes`]),
	];
}

const made = ["page.png", "phone.png", "top.png", "dashboard.png"].map((name) => `tests/pictures/${name}`);
const shown = picturesOf(readFileSync(join(root, "README.md"), "utf8"));

test.each([...new Set([...made, ...shown])])("%s is there, a PNG below 200 kB", (path) => {
	expect(problemsOf(path)).toEqual([]);
});

test("pictures of Markdown are found, and what is wrong with them", () => {
	const text = '![the page](tests/pictures/page.png) [b](tests/pictures/gone.png) <img src="tests/pictures/run.ts">';
	expect(picturesOf(text).flatMap(problemsOf)).toEqual([
		"tests/pictures/gone.png is missing",
		"tests/pictures/run.ts is no PNG",
	]);
});

describe("a terminal's screen", () => {
	test("keeps its text, escaped, and the look of each run", () => {
		const html = htmlOfScreen("a <b>\n\x1b[1;32mgreen\x1b[0m end\x1b[7m mark\x1b[m");
		expect(html.replace(/<[^>]*>/g, "")).toBe("a &lt;b&gt;\ngreen end mark");
		expect(html).toContain(`font-weight:bold">green</span>`);
		expect(html).toMatch(/background:[^"]*"> mark<\/span>/);
	});

	test("with a look that has no picture is refused", () => {
		expect(() => htmlOfScreen("\x1b[4munderlined")).toThrow("SGR 4 has no picture");
	});
});

test("the dashboard's layout has each panel at its place, and closed rows without their panels", () => {
	const at = (x: number, y: number, w: number, h: number) => ({ x, y, w, h });
	const panels: Panel[] = [
		{ type: "row", title: "Now", gridPos: at(0, 0, 24, 1), collapsed: false, panels: [] },
		{ type: "stat", title: "A & B", gridPos: at(12, 1, 12, 4) },
		{
			...{ type: "row", title: "More", gridPos: at(0, 5, 24, 1), collapsed: true },
			panels: [{ type: "table", title: "Inside", gridPos: at(0, 6, 24, 8) }],
		},
	];
	const html = layoutPage(panels);
	expect(html).toContain("▾ Now");
	expect(html).toMatch(/left:483px;top:15px;width:474px;height:42px"><b>A &amp; B<\/b>/);
	expect(html).toContain("▸ More <i>(1 panels)</i>");
	expect(html).not.toContain("Inside");
});
