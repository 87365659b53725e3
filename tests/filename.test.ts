import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { nameOf, onDisk, shellWord } from "../src/filename.ts";
import { temporaryFolder } from "./support/temporary.ts";

test.each<[title: string, bytes: number[] | string, name: string]>([
	["ASCII", "a-b.pcap", "a-b.pcap"],
	["UTF-8", "Prüfung 😀.pcap", "Prüfung 😀.pcap"],
	["Latin-1", [0x63, 0x61, 0x66, 0xe9, 0x2e, 0x70], "caf\udce9.p"],
	["a character that is cut", [0x61, 0xf0, 0x9f, 0x98], "a\udcf0\udc9f\udc98"],
	["a surrogate's bytes", [0xed, 0xa0, 0x80], "\udced\udca0\udc80"],
	["the replacement character itself", "\ufffd", "\ufffd"],
])("a name in %s is told from others and leads back to its bytes", (_, given, name) => {
	const bytes = Buffer.from(typeof given === "string" ? Buffer.from(given) : Uint8Array.from(given));
	expect(nameOf(bytes)).toBe(name);
	expect(Buffer.from(onDisk(name))).toEqual(bytes);
});

test("a name is typed in quotes where a shell would read more into it", () => {
	for (const name of ["/a/b-1.pcap", "a b.pcap", "it's $HOME;.pcap", "*"]) {
		const { stdout } = Bun.spawnSync(["sh", "-c", `printf %s ${shellWord(name)}`]);
		expect(stdout.toString()).toBe(name);
	}
	expect(shellWord("/a/b-1.pcap")).toBe("/a/b-1.pcap");
});

test("every byte has a name that leads to its file", () => {
	using folder = temporaryFolder();
	mkdirSync(folder.file("inner"));
	const names = [];
	for (let byte = 0x80; byte <= 0xff; byte++) {
		const name = nameOf(Buffer.concat([Buffer.from(folder.file("inner/")), Buffer.of(byte)]));
		names.push(name);
		writeFileSync(onDisk(name), Buffer.alloc(byte));
	}
	expect(names.map((name) => statSync(onDisk(name)).size)).toEqual(Array.from({ length: 128 }, (_, at) => at + 0x80));
	expect(readdirSync(folder.file("inner"))).toHaveLength(128);
});
