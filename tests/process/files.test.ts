import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../../src/config/error.ts";
import type { Config } from "../../src/config/schema.ts";
import { changeableByOthers, unreadableFiles } from "../../src/process/files.ts";
import { configOf } from "../support/observed.ts";
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

const keys = ["geoip.country-database", "geoip.asn-database", "web.tls.certificate-file", "web.tls.key-file"];

/** The files are at these paths. */
const configWith = (pathOf: (key: string) => string): Config =>
	configOf(Object.fromEntries(keys.map((key) => [key, pathOf(key)])));
const load = () => configOf();

describe("the files that cannot be read again", () => {
	test("are none where none is named", () => {
		expect(unreadableFiles(configOf(), load)).toEqual([]);
	});

	test("are named each by its key, and those that can be are not", async () => {
		using folder = temporaryFolder();
		for (const key of keys) await Bun.write(folder.file(key), "");
		expect(
			unreadableFiles(
				configWith((key) => folder.file(key)),
				load,
			),
		).toEqual([]);
		for (const key of keys) {
			const missing = folder.file("missing");
			const config = configWith((one) => (one === key ? missing : folder.file(one)));
			expect(unreadableFiles(config, load)).toEqual([`${key} ${missing}: let the account of process.user read it`]);
		}
	});

	test("have what is wrong with the configuration's own behind them, a line each", () => {
		const refuse = () => {
			throw new ConfigError(["c.json: may not be read", "and more"]);
		};
		const lines = unreadableFiles(configOf({ "geoip.asn-database": "/nowhere/asn.mmdb" }), refuse);
		expect(lines).toEqual([expect.stringContaining("/nowhere/asn.mmdb"), "c.json: may not be read", "and more"]);
	});

	test("do not hide a fault of the program", () => {
		const fail = () => {
			throw new TypeError("a fault");
		};
		expect(() => unreadableFiles(configOf(), fail)).toThrow("a fault");
	});
});
