/** Bodies that are on their way to clients at once. With the size of an exposition it bounds what slow readers cost. */
export const deliveriesMax = 16;

/** Handed to the socket at a time; a body no longer than this is not worth keeping track of, as the kernel takes it whole. */
export const chunkBytes = 65536;

/** A body for a Response: the bytes themselves if they are few, else a stream of them. */
export type Deliver = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;

/**
 * Makes a function that sends bodies piece by piece, as fast as their readers take them, and keeps at most `deliveriesMax`
 * under way: one more breaks off that whose reader took its last piece the longest ago. So clients that ask and do not read
 * cost bounded memory, and cannot keep a scrape from being answered nor from ending, however slow its link, as long as it
 * takes a piece now and then. A whole body given to the runtime would be kept until the time-out.
 */
export function createDelivery(): Deliver {
	/** What breaks each off; a piece that is taken puts its own last. */
	const underWay = new Set<() => void>();

	return (bytes) => {
		if (bytes.length <= chunkBytes) return bytes;
		let rest: Uint8Array = bytes;
		let breakOff = () => {};
		return new ReadableStream<Uint8Array>(
			{
				start(controller) {
					breakOff = () => {
						underWay.delete(breakOff);
						rest = rest.subarray(0, 0);
						controller.error(new Error("too many slow readers"));
					};
					underWay.add(breakOff);
					const [stillest] = underWay;
					if (underWay.size > deliveriesMax) stillest?.();
				},
				pull(controller) {
					controller.enqueue(rest.subarray(0, chunkBytes));
					rest = rest.subarray(chunkBytes);
					underWay.delete(breakOff);
					if (rest.length > 0) {
						underWay.add(breakOff);
						return;
					}
					controller.close();
				},
				cancel() {
					underWay.delete(breakOff);
				},
			},
			{ highWaterMark: 1 },
		);
	};
}
