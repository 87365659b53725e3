import { expect, test } from "bun:test";
import { chunkBytes, createDelivery, deliveriesMax } from "../../src/web/delivery.ts";

const bytesOf = (length: number) => Uint8Array.from({ length }, (_, n) => n % 251);
const large = bytesOf(3 * chunkBytes);

function streamed(body: Uint8Array | ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
	if (body instanceof Uint8Array) throw new Error("expected a stream");
	return body;
}

test("a body of one chunk is handed over whole", () => {
	const body = bytesOf(chunkBytes);
	expect(createDelivery()(body)).toBe(body);
});

test.each([chunkBytes + 1, 2 * chunkBytes - 1, 2 * chunkBytes, 5 * chunkBytes + 7])(
	"a body of %i bytes is streamed without loss",
	async (length) => {
		const stream = streamed(createDelivery()(bytesOf(length)));
		expect(await Bun.readableStreamToBytes(stream)).toEqual(bytesOf(length));
	},
);

test("as many bodies as the limit are all delivered, and one more breaks off that which was still the longest alone", async () => {
	const deliver = createDelivery();
	const open = Array.from({ length: deliveriesMax }, () => streamed(deliver(large)).getReader());
	for (const reader of open) expect((await reader.read()).done).toBe(false);
	const newest = streamed(deliver(large));
	expect(open[0]?.read().then(() => open[0]?.read())).rejects.toThrow("too many slow readers");
	expect((await Bun.readableStreamToBytes(newest)).length).toBe(large.length);
	for (const reader of open.slice(1)) expect((await reader.read()).value?.length).toBe(chunkBytes);
});

test("a reader that takes a piece now and then gets all, however many come meanwhile and take none", async () => {
	const deliver = createDelivery();
	const body = bytesOf(20 * chunkBytes);
	const honest = streamed(deliver(body)).getReader();
	const silent: ReadableStream<Uint8Array>[] = [];
	const pieces: Uint8Array[] = [];
	for (;;) {
		const { done, value } = await honest.read();
		if (done) break;
		pieces.push(value);
		for (let n = 0; n < deliveriesMax / 4; n++) silent.push(streamed(deliver(large)));
	}
	expect(Buffer.concat(pieces).equals(body)).toBe(true);
	expect(silent[0]?.getReader().read()).rejects.toThrow("too many slow readers");
});

test("bodies that were read to the end or given up no longer count", async () => {
	const deliver = createDelivery();
	const first = streamed(deliver(large));
	for (let n = 0; n < deliveriesMax * 2; n++) {
		const stream = streamed(deliver(large));
		if (n % 2 === 0) await stream.cancel();
		else await Bun.readableStreamToBytes(stream);
	}
	expect((await Bun.readableStreamToBytes(first)).length).toBe(large.length);
});
