/** pcapng files with several interfaces. */
import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type FileSource, openFile, openGrowing } from "../../src/capture/capture-file.ts";
import { CaptureError, LinkType } from "../../src/capture/source.ts";
import { batchBytes } from "../../src/engine/engine.ts";
import { recordHeaderBytes } from "../../src/wasm/shared/record.ts";
import { batchOfBytes } from "../support/observed.ts";
import { type CaptureRecord, concatBytes, type PcapngOptions, writePcapng } from "../support/pcapfile.ts";
import { runCommand } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
const batch = batchOfBytes(batchBytes);
const haveTshark = Bun.which("tshark") !== null;

let serial = 0;
async function saved(content: Uint8Array): Promise<string> {
	const path = folder.file(`${serial++}.pcapng`);
	await Bun.write(path, content);
	return path;
}

/** Frames of a whole source, each by its first byte, and the fault that ended it. */
function drain(source: FileSource): { readonly frames: number[]; readonly fault: string } {
	const frames: number[] = [];
	try {
		for (let used = source.read(batch); used > 0; used = source.read(batch)) {
			for (let at = 0; at < used; at += recordHeaderBytes + batch.view.getUint32(at + 8, true))
				frames.push(batch.bytes[at + recordHeaderBytes] ?? -1);
		}
		return { frames, fault: "" };
	} catch (error) {
		if (!(error instanceof CaptureError)) throw error;
		return { frames, fault: error.message };
	} finally {
		source.close();
	}
}

/** The same of a file read at once, and as it would be while it is written: both are to give the same. */
async function readBoth(path: string) {
	const growing = await openGrowing(path, { grows: false, again: async () => false });
	if (growing === null) throw new Error("no header");
	const source = openFile(path);
	const result = { linkType: source.linkType, ...drain(source) };
	expect({ linkType: growing.linkType, ...drain(growing) }).toEqual(result);
	return result;
}

const records: CaptureRecord[] = Array.from({ length: 9 }, (_, index) => ({
	timeNs: 1_700_000_000_000_000_000n + BigInt(index) * 1_000_000_000n,
	bytes: new Uint8Array(60).fill(index + 1),
}));
const all = records.map((_, index) => index + 1);
const { EN10MB, RAW, LINUX_SLL2 } = LinkType;
const alternating = (index: number) => index % 2;

describe.each([
	["of this host's byte order", false],
	["of the other byte order", true],
])("a file %s", (_, bigEndian) => {
	test.each<[title: string, options: Omit<PcapngOptions, "records">, linkType: LinkType]>([
		[
			"with other snapshot lengths",
			{ linkType: EN10MB, snapLength: 96, more: [{ linkType: EN10MB, snapLength: 65_535 }, { linkType: EN10MB }] },
			EN10MB,
		],
		[
			"with an interface of another link type that has no packet",
			{ linkType: EN10MB, snapLength: 96, more: [{ linkType: EN10MB }, { linkType: 105 }] },
			EN10MB,
		],
		[
			"whose first interface has no packet and another link type",
			{
				linkType: 105,
				more: [{ linkType: RAW }, { linkType: RAW, snapLength: 1_500 }],
				interfaceOf: (i) => 1 + (i % 2),
			},
			RAW,
		],
	])("%s is read whole", async (_title, options, linkType) => {
		const interfaceOf = options.interfaceOf ?? alternating;
		const path = await saved(writePcapng({ ...options, interfaceOf, bigEndian, records }));
		expect(await readBoth(path)).toEqual({ linkType, frames: all, fault: "" });
	});

	test("with packets of two link types is read up to the first of the other one", async () => {
		const interfaceOf = (index: number) => (index < 4 ? 1 : 0);
		const options = { linkType: RAW, more: [{ linkType: EN10MB }], interfaceOf, bigEndian };
		const path = await saved(writePcapng({ ...options, records }));
		const { linkType, frames, fault } = await readBoth(path);
		expect({ linkType, frames }).toEqual({ linkType: EN10MB, frames: [1, 2, 3, 4] });
		expect(fault).toStartWith(
			`${path} is read up to frame 4, as its interfaces differ (interface 0 has link type 101, those before it 1); write each`,
		);
	});
});

test("sections with interfaces of one link type are read as one file", async () => {
	const parts = [96, 65_535].map((snapLength) => writePcapng({ linkType: RAW, snapLength, records }));
	expect(await readBoth(await saved(concatBytes(parts)))).toEqual({
		linkType: RAW,
		frames: [...all, ...all],
		fault: "",
	});
});

test("of sections that differ the files that were joined are asked for, as no tool parts them", async () => {
	const parts = [EN10MB, LINUX_SLL2].map((linkType) => writePcapng({ linkType, records }));
	const { frames, fault } = await readBoth(await saved(concatBytes(parts)));
	expect(frames).toEqual(all);
	expect(fault).toEndWith("link type 276, those before it 1); read the files that it was joined from instead");
});

test("more interfaces than are looked through for the first packet's are still read", async () => {
	const more = Array.from({ length: 200 }, (_, index) => ({ linkType: EN10MB, snapLength: index }));
	const path = await saved(writePcapng({ linkType: EN10MB, more, interfaceOf: (index) => index * 20, records }));
	expect(await readBoth(path)).toEqual({ linkType: EN10MB, frames: all, fault: "" });
});

test("the recorded file with two snapshot lengths is read, and tells how far", async () => {
	const path = join(import.meta.dir, "../captures/two-snaplens.pcapng");
	expect((await readBoth(path)).frames).toHaveLength(6);
	const source = openFile(path);
	drain(source);
	const again = openFile(path);
	expect(again.read(batch)).toBeGreaterThan(0);
	expect(again.offset()).toBe(Bun.file(path).size);
	again.close();
});

describe.skipIf(!haveTshark)("the command that is advised for interfaces that differ gives files that are read", () => {
	/** Runs what the fault says, with this in place of N. */
	async function part(fault: string, path: string, number: number): Promise<number[]> {
		const command = /: (tshark .*)$/.exec(fault)?.[1] ?? "";
		const output = folder.file(`part-${serial++}.pcapng`);
		const words = command.replace("==N", `==${number}`).replace("ONE.pcapng", output).replace("FILE", path).split(" ");
		const { code, stderr } = await runCommand(words);
		expect({ code, output: code === 0 ? "" : stderr }).toEqual({ code: 0, output: "" });
		const { frames, fault: none } = await readBoth(output);
		expect(none).toBe("");
		return frames;
	}

	test("in one section", async () => {
		const more = [{ linkType: LINUX_SLL2 }, { linkType: EN10MB, snapLength: 100 }];
		const path = await saved(writePcapng({ linkType: EN10MB, more, interfaceOf: (index) => index % 3, records }));
		const { fault } = await readBoth(path);
		for (const number of [0, 1, 2])
			expect(await part(fault, path, number)).toEqual(all.filter((_, index) => index % 3 === number));
	});

	test("from standard input, by way of a file", async () => {
		const path = await saved(
			writePcapng({ linkType: EN10MB, more: [{ linkType: LINUX_SLL2 }], interfaceOf: alternating, records }),
		);
		const script = `
			const { openGrowing } = await import(${JSON.stringify(join(import.meta.dir, "../../src/capture/capture-file.ts"))});
			const source = await openGrowing("-", { grows: false, again: async () => true });
			const bytes = new Uint8Array(${batchBytes});
			try { while (source.read({ bytes }) > 0 || !source.isAtEnd()); } catch (error) { console.log(error.message); }`;
		const stdin = new Uint8Array(await Bun.file(path).arrayBuffer());
		const { stdout } = await runCommand([process.execPath, "-e", script], { stdin });
		expect(stdout).toStartWith("standard input is read up to frame 1, as its interfaces differ (");
		expect(stdout).toContain("; save it to a file, then write each to one of its own");
		expect(stdout).not.toContain("-r standard input");
		expect(await part(stdout.trim(), path, 1)).toEqual(all.filter((index) => index % 2 === 0));
	});
});
