import { describe, expect, test } from "bun:test";
import { createBody } from "../../../src/web/page/body.ts";

const client = { address: "", keepOpen: () => {} };
const asked = (encoding: string) =>
	new Request("http://exporter.example/", { headers: { "Accept-Encoding": encoding } });

/** A body that counts how often it was rendered, and says so. */
function counted(keepMs: number) {
	let renders = 0;
	const handler = createBody(() => `rendering ${++renders}`, "text/plain", keepMs);
	return async (encoding: string) => {
		const response = await handler(asked(encoding), client);
		const bytes = new Uint8Array(await response.arrayBuffer());
		const isPacked = response.headers.get("content-encoding") === "gzip";
		expect(isPacked).toBe(encoding === "gzip");
		return { bytes, text: new TextDecoder().decode(isPacked ? Bun.gunzipSync(bytes) : bytes) };
	};
}

describe("a body that many ask for", () => {
	test("is rendered once for all who ask within its time, whatever coding they take, and anew later", async () => {
		const get = counted(50);
		const all = await Promise.all(["gzip", "identity", "gzip", "br"].map(get));
		expect(all.map(({ text }) => text)).toEqual(Array.from({ length: 4 }, () => "rendering 1"));
		await Bun.sleep(80);
		expect((await get("gzip")).text).toBe("rendering 2");
	});

	test("is kept for good if it never changes", async () => {
		const get = counted(Number.POSITIVE_INFINITY);
		await get("gzip");
		await Bun.sleep(5);
		expect((await get("identity")).text).toBe("rendering 1");
	});

	test("is tried again when rendering failed", async () => {
		let isBroken = true;
		const handler = createBody(
			() => {
				if (isBroken) throw new Error("no figures");
				return "figures";
			},
			"text/plain",
			1_000,
		);
		await expect(Promise.resolve(handler(asked("gzip"), client))).rejects.toThrow("no figures");
		isBroken = false;
		expect(await (await handler(asked("identity"), client)).text()).toBe("figures");
	});

	test("can be taken by many at once, unharmed", async () => {
		const get = counted(Number.POSITIVE_INFINITY);
		const bodies = await Promise.all(Array.from({ length: 20 }, () => get("gzip")));
		for (const { bytes } of bodies) expect(bytes).toEqual(bodies[0]?.bytes as Uint8Array<ArrayBuffer>);
	});
});
