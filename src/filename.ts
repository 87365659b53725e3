/**
 * Names of files: bytes for the kernel, text everywhere else. A byte that is not UTF-8 becomes a lone surrogate, U+DC80 to U+DCFF,
 * as in Python (PEP 383), so that different names stay different and each still opens its file.
 */

const escapeBase = 0xdc00;
const isEscaped = /(?<![\ud800-\udbff])[\udc80-\udcff]/;

/** Decodes a name. */
export function nameOf(bytes: Uint8Array): string {
	const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
	let name = "";
	for (let at = 0; at < bytes.length; ) {
		const length = sequenceLength(bytes[at] ?? 0);
		try {
			name += decoder.decode(bytes.subarray(at, at + length));
			at += length;
		} catch {
			name += String.fromCharCode(escapeBase + (bytes[at++] ?? 0));
		}
	}
	return name;
}

/** Bytes of a character that begins with this one (RFC 3629, 3). */
function sequenceLength(byte: number): number {
	if (byte < 0xc0) return 1;
	return byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

/** Quotes a name for a shell. */
export function shellWord(name: string): string {
	return /^[\w@%+=:,./-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
}

/** Returns the name in the form that node:fs takes for these bytes. */
export function onDisk(name: string): string | Buffer {
	if (!isEscaped.test(name)) return name;
	const parts = [...name].map((character) => {
		const code = character.charCodeAt(0) - escapeBase;
		return character.length === 1 && code >= 0x80 && code <= 0xff ? Buffer.of(code) : Buffer.from(character);
	});
	return Buffer.concat(parts);
}
