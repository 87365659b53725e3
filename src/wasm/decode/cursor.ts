/**
 * Reads a payload: bytes that stand in one run, or the one run that the character-strings of a TXT record make when joined
 * (RFC 1035, 3.3.14), without joining them.
 */
@unmanaged
export class PayloadCursor {
	private at: usize;
	/** End of the run or character-string that contains `at`, and of the RDATA. */
	private stringEnd: usize;
	private end: usize;
	/** Address of the bytes that were taken: in the record if one string has all of them, otherwise joined. */
	taken: usize;
	/** A caller asked for more bytes than there are. */
	hasEnded: bool;

	/** Begins with the first byte of the character-strings in [start..end). */
	openStrings(start: usize, end: usize): void {
		this.at = start;
		this.stringEnd = start;
		this.end = end;
		this.hasEnded = false;
	}

	/** Begins with the first of the bytes [start..end). */
	openBytes(start: usize, end: usize): void {
		this.at = start;
		this.stringEnd = end;
		this.end = end;
		this.hasEnded = false;
	}

	/** Skips `count` bytes; false, at an undefined position, if there are fewer. */
	skip(count: u32): bool {
		let left: usize = count;
		while (left > this.stringEnd - this.at) {
			left -= this.stringEnd - this.at;
			if (!this.nextString()) return false;
		}
		this.at += left;
		return true;
	}

	/** Returns the next byte, or -1 after the last. */
	next(): i32 {
		while (this.at === this.stringEnd) if (!this.nextString()) return -1;
		return load<u8>(this.at++);
	}

	/** Skips the next `count` bytes, at most 24, and keeps their address in `taken`; false if there are fewer. */
	take(count: u32): bool {
		if (this.stringEnd - this.at >= count) {
			this.taken = this.at;
			this.at += count;
			return true;
		}
		for (let index: u32 = 0; index < count; index++) {
			const byte = this.next();
			if (byte < 0) return false;
			store<u8>(joined + index, byte);
		}
		this.taken = joined;
		return true;
	}

	/** Moves to the next character-string; false if there is none, or if it would exceed the RDATA. */
	private nextString(): bool {
		this.at = this.stringEnd;
		const length: usize = this.at < this.end ? load<u8>(this.at) : 0;
		if (this.at >= this.end || this.at + 1 + length > this.end) {
			this.hasEnded = true;
			return false;
		}
		this.at++;
		this.stringEnd = this.at + length;
		return true;
	}
}

const joined: usize = memory.data(24, 8);
