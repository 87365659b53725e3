/** Bodies that are on their way to clients at once, however many clients share each. With the size of an exposition it bounds what slow readers cost. */
export const bodiesMax = 4;

/** Handed to the socket at a time; a body no longer than this is not worth keeping track of, as the kernel takes it whole. */
export const chunkBytes = 65536;

/** A body in parts, which follow one another. */
export type Parts = readonly Uint8Array<ArrayBuffer>[];

/** A body for a Response: the bytes themselves if they are few, else a stream of them. Clients share a body that is delivered again. */
export type Deliver = (parts: Parts) => Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;

/**
 * Makes a function that sends bodies piece by piece, as fast as their readers take them, and keeps at most `bodiesMax`
 * under way: one more breaks off that of which a piece was taken the longest ago. So clients that ask and do not read
 * cost bounded memory, and cannot keep a scrape from being answered nor from ending, however slow its link, as long as it
 * takes a piece now and then. A whole body passed to the runtime would be kept until the time-out; here a part is let go when
 * its last reader has it.
 */
export function createDelivery(): Deliver {
	/** What breaks off each reader of a body. It does not keep the body. */
	const readersOf = new WeakMap<Parts, Set<() => void>>();
	/** Those of the bodies under way; of which a piece is taken is put last. */
	const underWay = new Set<Set<() => void>>();

	function createStream(rest: Uint8Array<ArrayBuffer>[], readers: Set<() => void>): ReadableStream<Uint8Array> {
		let breakOff = () => {};
		const end = () => {
			rest.length = 0;
			readers.delete(breakOff);
			if (readers.size === 0) underWay.delete(readers);
		};
		return new ReadableStream<Uint8Array>(
			{
				start(controller) {
					breakOff = () => {
						end();
						controller.error(new Error("too many slow readers"));
					};
					readers.add(breakOff);
					underWay.add(readers);
					const [stillest = []] = underWay;
					if (underWay.size > bodiesMax) for (const breakOffOne of stillest) breakOffOne();
				},
				pull(controller) {
					controller.enqueue(takePiece(rest));
					if (rest.length > 0) {
						underWay.delete(readers);
						underWay.add(readers);
						return;
					}
					end();
					controller.close();
				},
				cancel: end,
			},
			{ highWaterMark: 1 },
		);
	}

	return (parts) => {
		if (lengthOf(parts) <= chunkBytes) return join(parts);
		const readers = readersOf.get(parts) ?? new Set();
		readersOf.set(parts, readers);
		return createStream([...parts], readers);
	};
}

export function lengthOf(parts: Parts): number {
	return parts.reduce((sum, { length }) => sum + length, 0);
}

export function join(parts: Parts): Uint8Array<ArrayBuffer> {
	const [first, second] = parts;
	if (first !== undefined && second === undefined) return first;
	const bytes = new Uint8Array(lengthOf(parts));
	let at = 0;
	for (const part of parts) {
		bytes.set(part, at);
		at += part.length;
	}
	return bytes;
}

/** Takes up to `chunkBytes` from the front of a body that has any. */
function takePiece(rest: Uint8Array<ArrayBuffer>[]): Uint8Array {
	const pieces: Uint8Array<ArrayBuffer>[] = [];
	for (let room = chunkBytes; room > 0 && rest.length > 0; ) {
		const part = rest[0] as Uint8Array<ArrayBuffer>;
		const piece = part.subarray(0, room);
		pieces.push(piece);
		room -= piece.length;
		if (piece.length === part.length) rest.shift();
		else rest[0] = part.subarray(piece.length);
	}
	return join(pieces);
}
