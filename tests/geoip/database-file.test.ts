import { afterAll, expect, test } from "bun:test";
import { appendFileSync } from "node:fs";
import { copyFile, mkdtemp, rename, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileFault, fileBytesMax, fileMark, readWhole } from "../../src/geoip/database-file.ts";

const folder = await mkdtemp(join(tmpdir(), "geoip-file-"));
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

async function faultOf(path: string): Promise<string> {
	const error = await readWhole(path).then(
		() => undefined,
		(error: unknown) => error,
	);
	expect(error).toBeInstanceOf(FileFault);
	return (error as FileFault).message;
}

test("A file is read whole, whatever its size", async () => {
	for (const size of [0, 1, 5_000_001]) {
		const content = Buffer.alloc(size, "abcdefg");
		await writeFile(at("whole"), content);
		const { bytes, mark } = await readWhole(at("whole"));
		expect(bytes.equals(content)).toBe(true);
		expect(mark).toBe(await fileMark(at("whole")));
	}
});

test("The memory of a file that is needed no more goes back to the kernel", async () => {
	const size = 64 * 1024 ** 2;
	await writeFile(at("large"), Buffer.alloc(size, 1));
	const before = process.memoryUsage.rss();
	for (let round = 0; round < 8; round++) {
		expect((await readWhole(at("large"))).bytes[size - 1]).toBe(1);
		Bun.gc(true);
		await Bun.sleep(10);
	}
	// The last one or two may wait for the next collection.
	expect(process.memoryUsage.rss() - before).toBeLessThan(3.5 * size);
});

test("A missing file, a folder, a FIFO and an endless device are refused", async () => {
	expect(await faultOf(at("missing"))).toContain("does not exist");
	expect(await faultOf(join(at("whole"), "below"))).toContain("does not exist");
	expect(await faultOf(folder)).toBe("is not a regular file");
	expect(await faultOf("/dev/zero")).toBe("is not a regular file");
	expect(Bun.spawnSync(["mkfifo", at("fifo")]).exitCode).toBe(0);
	expect(await faultOf(at("fifo"))).toBe("is not a regular file");
});

test("A file above the limit is refused before it is read", async () => {
	await writeFile(at("huge"), "");
	await truncate(at("huge"), fileBytesMax + 1);
	expect(await faultOf(at("huge"))).toContain("larger than 1024 MiB");
});

test("A file that is written to while it is read is refused", async () => {
	await writeFile(at("busy"), Buffer.alloc(32 * 1024 ** 2));
	let done = false;
	const reading = faultOf(at("busy")).finally(() => {
		done = true;
	});
	while (!done) {
		appendFileSync(at("busy"), "more");
		await new Promise(setImmediate);
	}
	expect(await reading).toContain("was written to while it was read");
});

test("The mark changes with content of the same size and time, with a renamed file, and with a link's target", async () => {
	const past = new Date("2026-01-01T00:00:00Z");
	await writeFile(at("one"), "12345");
	await utimes(at("one"), past, past);
	await writeFile(at("two"), "12345");
	await utimes(at("two"), past, past);
	await symlink(at("one"), at("link"));
	const marks = [await fileMark(at("link"))];
	expect(await fileMark(at("link"))).toBe(marks[0] as string);
	await Bun.sleep(10); // The kernel's file times step by up to 10 ms.
	await copyFile(at("two"), at("one"));
	await utimes(at("one"), past, past);
	marks.push(await fileMark(at("link")));
	await rename(at("two"), at("one"));
	marks.push(await fileMark(at("link")));
	await rm(at("link"));
	marks.push(await fileMark(at("link")));
	await symlink(folder, at("link"));
	marks.push(await fileMark(at("link")));
	expect(new Set(marks).size).toBe(5);
});
