import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { changeableByOthers } from "../../src/process/trust.ts";
import { temporaryFolder } from "../support/temporary.ts";

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
const uid = process.geteuid?.() ?? 0;

let serial = 0;
/** A folder with a file in it, of these modes. */
function made(folderMode: number, fileMode: number): { readonly inner: string; readonly file: string } {
	const inner = folder.file(String(serial++));
	mkdirSync(inner);
	const file = join(inner, "config.json");
	writeFileSync(file, "{}");
	chmodSync(file, fileMode);
	chmodSync(inner, folderMode);
	return { inner, file };
}

describe("a file that nobody else can change", () => {
	test.each<[title: string, folderMode: number, fileMode: number]>([
		["of everyone to read", 0o755, 0o644],
		["of its owner alone", 0o700, 0o600],
		["in a folder where each removes only what is theirs", 0o1777, 0o640],
	])("%s", (_, folderMode, fileMode) => {
		expect(changeableByOthers(made(folderMode, fileMode).file, uid)).toEqual([]);
	});

	test("that is not there is none", () => {
		expect(changeableByOthers(folder.file("missing/config.json"), uid)).toEqual([]);
	});
});

describe("who else can change it", () => {
	test("its group, or everyone", () => {
		const group = made(0o755, 0o664);
		expect(changeableByOthers(group.file, uid)).toEqual([`${group.file} can be written by its group`]);
		const everyone = made(0o755, 0o666);
		expect(changeableByOthers(everyone.file, uid)).toEqual([`${everyone.file} can be written by everyone`]);
	});

	test("who may write the folder, any that it is in", () => {
		const group = made(0o775, 0o644);
		expect(changeableByOthers(group.file, uid)).toEqual([`${group.inner} can be written by its group`]);
		const outer = made(0o777, 0o644);
		mkdirSync(join(outer.inner, "inner"));
		writeFileSync(join(outer.inner, "inner/config.json"), "{}");
		expect(changeableByOthers(join(outer.inner, "inner/config.json"), uid)).toEqual([
			`${outer.inner} can be written by everyone`,
		]);
	});

	test("behind a link: who may change the link, or what it leads to", () => {
		const [open, closed] = [made(0o777, 0o644), made(0o755, 0o666)];
		const link = join(open.inner, "link.json");
		symlinkSync(`../${closed.inner.split("/").at(-1)}/config.json`, link);
		expect(changeableByOthers(link, uid)).toEqual([
			`${open.inner} can be written by everyone`,
			`${closed.file} can be written by everyone`,
		]);
	});

	test("a link to itself ends", () => {
		const link = folder.file("loop");
		symlinkSync("loop", link);
		expect(changeableByOthers(link, uid)).toEqual([]);
	});

	test.skipIf(uid !== 0)("its owner, if that is neither root nor who runs this", () => {
		const { file } = made(0o755, 0o644);
		chownSync(file, 1, 1);
		expect(changeableByOthers(file, 0)).toEqual([`${file} belongs to user 1`]);
		expect(changeableByOthers(file, 1)).toEqual([]);
		expect(changeableByOthers(made(0o755, 0o644).file, 1)).toEqual([]);
	});
});
