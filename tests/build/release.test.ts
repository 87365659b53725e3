import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { join } from "node:path";
import {
	archiveName,
	checksums,
	executableName,
	libpcapVersion,
	lockedPackage,
	releaseTargets,
} from "../../src/build/release.ts";
import { temporaryFolder } from "../support/temporary.ts";

const lock = await Bun.file(join(import.meta.dir, "../../bun.lock")).text();

test("a release has one executable for each processor and C library, under its documented name", () => {
	expect(releaseTargets.map(executableName)).toEqual([
		"dnstt_exporter-linux-x64",
		"dnstt_exporter-linux-arm64",
		"dnstt_exporter-linux-x64-musl",
		"dnstt_exporter-linux-arm64-musl",
	]);
});

test("an archive has the version and the target in its name", () => {
	expect(archiveName({ name: "linux-arm64-musl" }, "1.2.3")).toBe("dnstt_exporter-1.2.3-linux-arm64-musl");
});

test.each(releaseTargets.map((target) => [target.name, target] as const))(
	"%s: name, runtime, compiler and packages are of one processor and one C library",
	(name, target) => {
		const isArm64 = name.includes("arm64");
		const isMusl = name.endsWith("-musl");
		expect(target.bunTarget as string).toBe(`bun-${name}`);
		expect(target.runtimePackage).toBe(`@oven/bun-linux-${isArm64 ? "aarch64" : "x64"}${isMusl ? "-musl" : ""}`);
		expect(target.triplet).toBe(`${isArm64 ? "aarch64" : "x86_64"}-linux-${isMusl ? "musl" : "gnu"}`);
		expect(target.libc).toBe(isMusl ? "musl" : "glibc");
		expect(target.debianArchitecture).toBe(isArm64 ? "arm64" : "amd64");
		for (const program of [target.compiler, target.objcopy, target.objdump, target.archiver])
			expect(program.startsWith("aarch64-linux-gnu-")).toBe(isArm64);
	},
);

test.each(releaseTargets.map(({ runtimePackage }) => runtimePackage))("bun.lock pins %s to this Bun", (name) => {
	expect(lockedPackage(lock, name).version).toBe(Bun.version);
});

const smallLock = `{ "packages": { "@a/b": ["@a/b@1.2.3", "", {}, "sha512-AAAA"], "a/c": ["c@4.0.0", "", {}, "sha512-BBBB"],
	"old": ["old@1.0.0", "", {}, "sha1-CCCC"], }, }`;

test.each([
	["@a/b", { version: "1.2.3", integrity: "sha512-AAAA" }],
	["a/c", { version: "4.0.0", integrity: "sha512-BBBB" }],
])("bun.lock has package %s", (name, expected) => {
	expect(lockedPackage(smallLock, name)).toEqual(expected);
});

test.each(["b", "old"])("package %s, missing in bun.lock or without a sha512, is refused by name", (name) => {
	expect(() => lockedPackage(smallLock, name)).toThrow(`bun.lock has no package ${name}`);
});

test.each([
	["libpcap version 1.10.3 (64-bit time_t, with TPACKET_V3)\0", "1.10.3"],
	["\xff\0libpcap version 1.9.1\0", "1.9.1"],
	["libpcap", "unknown"],
])("libpcap's version in %j is %s", (text, version) => {
	expect(libpcapVersion(Buffer.from(text, "latin1"))).toBe(version);
});

test("checksums stand in the order of names, as sha256sum writes them", async () => {
	using folder = temporaryFolder();
	await Bun.write(folder.file("b"), "two");
	await Bun.write(folder.file("a"), "one");
	const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
	expect(checksums(folder.file("."), ["b", "a"])).toBe(`${sha256("one")}  a\n${sha256("two")}  b\n`);
});
