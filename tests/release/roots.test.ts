import { expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { temporaryFolder } from "../support/temporary.ts";
import { libpcapIn } from "./roots.ts";

test("libpcap is found in a root wherever a loader would: a file, a link, in a folder of an architecture", () => {
	using folder = temporaryFolder();
	const root = folder.file("root");
	mkdirSync(`${root}/usr/lib/x86_64-linux-gnu`, { recursive: true });
	mkdirSync(`${root}/lib`);
	expect(libpcapIn(root)).toEqual([]);
	writeFileSync(`${root}/usr/lib/x86_64-linux-gnu/libpcap.so.1.10.3`, "");
	symlinkSync("libpcap.so.1.10.3", `${root}/usr/lib/x86_64-linux-gnu/libpcap.so.0.8`);
	writeFileSync(`${root}/usr/lib/libpcre.so.3`, "");
	writeFileSync(`${root}/lib/libpcap.a`, "");
	expect(libpcapIn(root)).toEqual([
		"lib/libpcap.a",
		"usr/lib/x86_64-linux-gnu/libpcap.so.0.8",
		"usr/lib/x86_64-linux-gnu/libpcap.so.1.10.3",
	]);
});
