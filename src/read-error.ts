/**
 * What became of a file that could not be read, and what mends it: completes a line that names the file. `error` is what the
 * runtime threw, `path` the file's name as the operator gave it. The same for the same cause.
 */
export function unreadable(path: string, error: unknown): string {
	switch (codeOf(error)) {
		case "ENOENT":
		case "ENOTDIR":
			return "does not exist; correct the path";
		case "EISDIR":
			return "is a folder; name the file in it";
		case "EACCES":
		case "EPERM":
			return `may not be read by the user this runs as; see who may read it and search its folders: namei -l ${path}`;
		default:
			return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
	}
}

/** Whether the runtime threw because nothing is at the path. */
export function isMissing(error: unknown): boolean {
	return ["ENOENT", "ENOTDIR"].includes(String(codeOf(error)));
}

function codeOf(error: unknown): unknown {
	return error instanceof Error && "code" in error ? error.code : undefined;
}
