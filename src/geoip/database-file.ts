/** Reads a database file whole, and detects whether it was replaced since. */

import { closeSync, constants, fstatSync, openSync, read } from "node:fs";
import { stat } from "node:fs/promises";
import { describeReadError, isMissing } from "../read-error.ts";

/** The largest file that is read: about twice GeoIP2-Enterprise, the largest that MaxMind makes. It is held in memory. */
export const fileBytesMax = 1024 ** 3;

/** Where the files are that are part of the executable; they have no descriptors. */
const embeddedFolder = "/$bunfs/";

/** A file that cannot be read: what is wrong and what fixes it, without the file's name. */
export class FileFault extends Error {
	override readonly name = "FileFault";
	/** Mark of the content that is of no use; null where there was none to judge, as that may pass by itself. */
	mark: FileMark | null = null;
}

/** Two readings of one path with the same mark have the same content, or the same reason why there is none. */
export type FileMark = string;

/** A whole file, as it stood at one moment. */
export interface FileContent {
	readonly bytes: Buffer;
	readonly mark: FileMark;
}

interface FileStatus {
	readonly dev: bigint;
	readonly ino: bigint;
	readonly size: bigint;
	readonly mtimeNs: bigint;
	readonly ctimeNs: bigint;
}

// The change time too: it moves when a file with an old modification time is put in place (cp -p, rsync -t), and on chmod.
function markOf(status: FileStatus): FileMark {
	return `${status.dev}:${status.ino}:${status.size}:${status.mtimeNs}:${status.ctimeNs}`;
}

/** The mark of what stands at a path now (symbolic links followed). Never throws. */
export async function fileMark(path: string): Promise<FileMark> {
	try {
		return markOf(await stat(path, { bigint: true }));
	} catch (error) {
		return reason(path, error);
	}
}

/**
 * The whole content of a regular file, in a buffer of exactly its size. It is opened before this returns, so that a caller that loses the right to
 * open it may go on meanwhile, and read on another thread. Refuses, with a FileFault, what is missing, not
 * permitted, no regular file, larger than `fileBytesMax`, or was written to while it was read.
 */
export async function readWhole(path: string): Promise<FileContent> {
	let descriptor: number | undefined;
	try {
		if (path.startsWith(embeddedFolder)) {
			const bytes = Buffer.from(await Bun.file(path).arrayBuffer());
			return { bytes, mark: await fileMark(path) };
		}
		// O_NONBLOCK: a FIFO without a writer must not hold the start up for ever.
		descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
		const before = fstatSync(descriptor, { bigint: true });
		if (!before.isFile()) throw new FileFault("is not a regular file");
		if (before.size > fileBytesMax) throw new FileFault(`is larger than ${fileBytesMax / 1024 ** 2} MiB`);
		const bytes = Buffer.allocUnsafeSlow(Number(before.size));
		let length = 0;
		while (length < bytes.length) {
			const bytesRead = await readAt(descriptor, bytes, length);
			if (bytesRead === 0) break;
			length += bytesRead;
		}
		const mark = markOf(before);
		if (length < bytes.length || markOf(fstatSync(descriptor, { bigint: true })) !== mark) {
			throw new FileFault("was written to while it was read; replace it by renaming a complete file over it");
		}
		return { bytes, mark };
	} catch (error) {
		if (error instanceof FileFault) throw error;
		throw new FileFault(reason(path, error), { cause: error });
	} finally {
		if (descriptor !== undefined) closeSync(descriptor);
	}
}

/** Reads what there is from `position` on, to the same place in the buffer; returns the number of bytes, 0 at the file's end. */
function readAt(descriptor: number, bytes: Buffer, position: number): Promise<number> {
	return new Promise((resolve, reject) => {
		read(descriptor, bytes, position, bytes.length - position, position, (error, bytesRead) =>
			error === null ? resolve(bytesRead) : reject(error),
		);
	});
}

function reason(path: string, error: unknown): string {
	const said = describeReadError(path, error);
	return isMissing(error) ? `${said}, or fetch the file` : said;
}
