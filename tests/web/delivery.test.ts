import { expect, test } from "bun:test";
import { bodiesMax, chunkBytes, createDelivery } from "../../src/web/delivery.ts";

const bytesOf = (length: number) => Uint8Array.from({ length }, (_, n) => n % 251);
const largeBytes = 3 * chunkBytes;
const large = () => [bytesOf(largeBytes)];

function streamed(body: Uint8Array | ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
	if (body instanceof Uint8Array) throw new Error("expected a stream");
	return body;
}

test("a body of one chunk is handed over whole", () => {
	const body = bytesOf(chunkBytes);
	expect(createDelivery()([body])).toBe(body);
	expect(createDelivery()([body.subarray(0, 9), body.subarray(9)])).toEqual(body);
	expect(createDelivery()([])).toEqual(new Uint8Array());
});

test.each([chunkBytes + 1, 2 * chunkBytes - 1, 2 * chunkBytes, 5 * chunkBytes + 7])(
	"a body of %i bytes is streamed without loss",
	async (length) => {
		const stream = streamed(createDelivery()([bytesOf(length)]));
		expect(await Bun.readableStreamToBytes(stream)).toEqual(bytesOf(length));
	},
);

test("a body of parts is streamed without loss in pieces of one chunk, wherever the parts end", async () => {
	const body = bytesOf(4 * chunkBytes + 3);
	const ends = [0, 1, 1, 100, chunkBytes - 1, chunkBytes, 2 * chunkBytes + 5, 2 * chunkBytes + 6, body.length];
	const parts = ends.map((end, index) => body.slice(ends[index - 1] ?? 0, end));
	const reader = streamed(createDelivery()(parts)).getReader();
	const pieces: Uint8Array[] = [];
	for (let piece = await reader.read(); !piece.done; piece = await reader.read()) pieces.push(piece.value);
	expect(pieces.map(({ length }) => length)).toEqual([chunkBytes, chunkBytes, chunkBytes, chunkBytes, 3]);
	expect(Buffer.concat(pieces).equals(body)).toBe(true);
});

test("a part that its last reader has is kept no longer", async () => {
	const deliver = createDelivery();
	const whole = () => Array.from({ length: 40 }, () => bytesOf(chunkBytes));
	const kept: WeakRef<Uint8Array>[] = [];
	const open = () => {
		const parts = whole();
		kept.push(...parts.map((part) => new WeakRef(part)));
		return streamed(deliver(parts)).getReader();
	};
	const reader = open();
	for (let piece = 0; piece < 30; piece++) await reader.read();
	await Bun.sleep(0);
	Bun.gc(true);
	// A few may still lie on the stack.
	expect(kept.filter((part) => part.deref() !== undefined).length).toBeLessThan(20);
	await reader.cancel();
});

test("as many bodies as the limit are all delivered, and one more breaks off that which was still the longest alone", async () => {
	const deliver = createDelivery();
	const open = Array.from({ length: bodiesMax }, () => streamed(deliver(large())).getReader());
	for (const reader of open) expect((await reader.read()).done).toBe(false);
	const newest = streamed(deliver(large()));
	expect(open[0]?.read().then(() => open[0]?.read())).rejects.toThrow("too many slow readers");
	expect((await Bun.readableStreamToBytes(newest)).length).toBe(largeBytes);
	for (const reader of open.slice(1)) expect((await reader.read()).value?.length).toBe(chunkBytes);
});

test("a reader that takes a piece now and then gets all, however many come meanwhile and take none", async () => {
	const deliver = createDelivery();
	const body = bytesOf(20 * chunkBytes);
	const honest = streamed(deliver([body])).getReader();
	const silent: ReadableStream<Uint8Array>[] = [];
	const pieces: Uint8Array[] = [];
	for (;;) {
		const { done, value } = await honest.read();
		if (done) break;
		pieces.push(value);
		for (let n = 0; n < bodiesMax / 4; n++) silent.push(streamed(deliver(large())));
	}
	expect(Buffer.concat(pieces).equals(body)).toBe(true);
	expect(silent[0]?.getReader().read()).rejects.toThrow("too many slow readers");
});

test("bodies that were read to the end or given up no longer count", async () => {
	const deliver = createDelivery();
	const first = streamed(deliver(large()));
	for (let n = 0; n < bodiesMax * 2; n++) {
		const stream = streamed(deliver(large()));
		if (n % 2 === 0) await stream.cancel();
		else await Bun.readableStreamToBytes(stream);
	}
	expect((await Bun.readableStreamToBytes(first)).length).toBe(largeBytes);
});

test("however many share a body, each gets it whole, those included that have no piece yet when the last one comes", async () => {
	const deliver = createDelivery();
	const body = large();
	const streams = Array.from({ length: bodiesMax * 5 }, () => streamed(deliver(body)));
	for (const stream of streams) expect(await Bun.readableStreamToBytes(stream)).toEqual(bytesOf(largeBytes));
});

test("a shared body goes on for all as long as one reader takes pieces, and is broken off for all when none does", async () => {
	const deliver = createDelivery();
	const shared = [bytesOf(20 * chunkBytes)];
	const honest = streamed(deliver(shared)).getReader();
	const silent = streamed(deliver(shared)).getReader();
	for (let n = 0; n < bodiesMax * 2; n++) {
		expect((await honest.read()).done).toBe(false);
		streamed(deliver(large()));
	}
	expect((await silent.read()).value?.length).toBe(chunkBytes);
	for (let n = 0; n < bodiesMax; n++) streamed(deliver(large()));
	for (const reader of [honest, silent]) {
		// A piece may have been handed over already.
		expect(reader.read().then(() => reader.read())).rejects.toThrow("too many slow readers");
	}
});
