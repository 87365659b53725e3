/**
 * Says why a file could not be read and how to fix it, as the end of a line that begins with the file's name. `error` is what the
 * runtime threw, `path` the name as the operator wrote it. The same cause always gets the same text.
 */
export function describeReadError(path: string, error: unknown): string {
	switch (codeOf(error)) {
		case "ENOENT":
		case "ENOTDIR":
			return "does not exist; check the path";
		case "EISDIR":
			return "is a folder; name the file in it";
		case "EACCES":
		case "EPERM":
			return `may not be read by the user this runs as; see who may read it and search its folders: namei -l ${path}`;
		default:
			return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
	}
}

/** Whether the error means that nothing exists at the path. */
export function isMissing(error: unknown): boolean {
	return ["ENOENT", "ENOTDIR"].includes(String(codeOf(error)));
}

function codeOf(error: unknown): unknown {
	return error instanceof Error && "code" in error ? error.code : undefined;
}
