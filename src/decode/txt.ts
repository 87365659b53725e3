/**
 * Reads the RDATA of a TXT record as the one run of bytes that its character-strings make when joined (RFC 1035,
 * 3.3.14), without joining them.
 */
export class TextCursor {
	private bytes: Uint8Array = new Uint8Array(0);
	private at = 0;
	/** End of the character-string that `at` stands in, and of the RDATA. */
	private stringEnd = 0;
	private end = 0;
	/** What was taken: in the record where it stands in one string, else joined. */
	private takenBytes: Uint8Array = this.bytes;
	private takenAt = 0;
	private readonly joined = new Uint8Array(24);

	/** Stands on the first byte of the text in bytes[start..end). */
	open(bytes: Uint8Array, start: number, end: number): void {
		this.bytes = bytes;
		this.at = start;
		this.stringEnd = start;
		this.end = end;
	}

	/** Steps over `count` bytes; false, somewhere behind the last, when there are fewer. */
	skip(count: number): boolean {
		let left = count;
		while (left > this.stringEnd - this.at) {
			left -= this.stringEnd - this.at;
			if (!this.nextString()) return false;
		}
		this.at += left;
		return true;
	}

	/** The next byte, or -1 behind the last. */
	next(): number {
		while (this.at === this.stringEnd) if (!this.nextString()) return -1;
		return this.bytes[this.at++] as number;
	}

	/** Steps over the next `count` bytes, at most 24, and keeps them for taken(); false when there are fewer. */
	take(count: number): boolean {
		if (this.stringEnd - this.at >= count) {
			this.takenBytes = this.bytes;
			this.takenAt = this.at;
			this.at += count;
			return true;
		}
		for (let index = 0; index < count; index++) {
			const byte = this.next();
			if (byte < 0) return false;
			this.joined[index] = byte;
		}
		this.takenBytes = this.joined;
		this.takenAt = 0;
		return true;
	}

	/** The byte at offset `index` of what was taken. */
	taken(index: number): number {
		return this.takenBytes[this.takenAt + index] as number;
	}

	/** The 32-bit word at offset `index` of what was taken, little-endian. */
	takenLittleEndian(index: number): number {
		const bytes = this.takenBytes;
		const at = this.takenAt + index;
		return (
			(bytes[at] as number) |
			((bytes[at + 1] as number) << 8) |
			((bytes[at + 2] as number) << 16) |
			((bytes[at + 3] as number) << 24)
		);
	}

	/** Moves to the next character-string; false when there is none, or it would reach over the end of the RDATA. */
	private nextString(): boolean {
		this.at = this.stringEnd;
		if (this.at >= this.end) return false;
		const length = this.bytes[this.at] as number;
		if (length > this.end - this.at - 1) return false;
		this.at++;
		this.stringEnd = this.at + length;
		return true;
	}
}
