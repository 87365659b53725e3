/** What holds for everything that a release packs. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { temporaryFolder } from "../support/temporary.ts";

/** Tests `make`, which packs `what` into the folder `output` by way of another, and returns its path; `complaint` is of the program that packs. */
export function testPacking(
	what: string,
	make: (folder: string, output: string) => Promise<string>,
	complaint: string,
): void {
	test(`${what} has the same bytes each time, whatever the umask`, async () => {
		using first = temporaryFolder();
		using second = temporaryFolder();
		const one = await make(first.path, first.path);
		const before = process.umask(0o077);
		const two = await make(second.path, second.path).finally(() => process.umask(before));
		expect(readFileSync(one).equals(readFileSync(two))).toBe(true);
	});

	test(`the program's complaint is named when ${what} cannot be made`, async () => {
		using folder = temporaryFolder();
		await expect(make(folder.path, folder.file("missing"))).rejects.toThrow(complaint);
	});
}
