/** Folders that go away with the scope that made them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TemporaryFolder extends Disposable {
	readonly path: string;
	/** The path of a file of this name in it. */
	file(name: string): string;
}

/** Makes an empty folder: `using folder = temporaryFolder()`. */
export function temporaryFolder(): TemporaryFolder {
	const path = mkdtempSync(join(tmpdir(), "dnstt-test-"));
	return {
		path,
		file: (name) => join(path, name),
		[Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
	};
}
