import { readFileSync } from "node:fs";
import { nameOf } from "../filename.ts";

/** The last `words` of the command line, with file names that are not UTF-8 as src/filename.ts represents them: the runtime loses their bytes. */
export function wordsAsGiven(words: readonly string[]): readonly string[] {
	if (!words.some((word) => word.includes("\ufffd"))) return words;
	const bytes = readFileSync("/proc/self/cmdline");
	const given: string[] = [];
	for (let at = 0; at < bytes.length; ) {
		const end = bytes.indexOf(0, at);
		given.push(nameOf(bytes.subarray(at, end < 0 ? bytes.length : end)));
		at = end < 0 ? bytes.length : end + 1;
	}
	return given.slice(-words.length);
}
