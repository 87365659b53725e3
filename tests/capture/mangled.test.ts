/** Captures that were copied as text. */
import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openFile, openGrowing } from "../../src/capture/capture-file.ts";
import { CaptureError, LinkType } from "../../src/capture/source.ts";
import { batchBytes } from "../../src/engine/engine.ts";
import { batchOfBytes } from "../support/observed.ts";
import { readPcapFile, writePcapng } from "../support/pcapfile.ts";
import { temporaryFolder } from "../support/temporary.ts";

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
const batch = batchOfBytes(batchBytes);
const captured = (name: string) => join(import.meta.dir, `../captures/${name}.pcap`);

/** As FTP's ASCII mode changes it: each line feed gets a carriage return; or as unix2dos does, where none is in front of it. */
function mangled(bytes: Uint8Array, where: "all" | "bare" = "all"): Uint8Array {
	const text = Buffer.from(bytes).toString("latin1");
	return Buffer.from(where === "all" ? text.replaceAll("\n", "\r\n") : text.replaceAll(/(?<!\r)\n/g, "\r\n"), "latin1");
}

const restored = (bytes: Uint8Array) =>
	Buffer.from(Buffer.from(bytes).toString("latin1").replaceAll("\r\n", "\n"), "latin1");

async function faultOf(content: Uint8Array): Promise<string> {
	const path = folder.file("copied");
	await Bun.write(path, content);
	const faults = [() => openFile(path), () => openGrowing(path, { grows: false, again: async () => false })].map(
		async (open) => {
			try {
				const source = await open();
				while (source !== null && source.read(batch) > 0);
				return "none";
			} catch (error) {
				if (!(error instanceof CaptureError)) throw error;
				return error.message.replace(path, "FILE");
			}
		},
	);
	const [first = "", second] = await Promise.all(faults);
	expect(second).toBe(first);
	return first;
}

const told =
	/^FILE (is no capture|is damaged after frame \d+): its line ends were changed, as in a copy of text; copy it again as it is \(scp, or ftp in binary mode\)$/;
const capture = await readPcapFile(captured("direct-ipv4"));

describe("a capture with the line ends of a text is told as such", () => {
	test.each(["direct-ipv4", "unbound-0x20-ipv4", "any-sll2-ipv4", "bent-queries"])("pcap: %s", async (name) => {
		for (const where of ["all", "bare"] as const)
			expect(await faultOf(mangled(readFileSync(captured(name)), where))).toMatch(told);
	});

	test("pcapng, either way, which its first bytes show", async () => {
		const bytes = writePcapng({ linkType: LinkType.EN10MB, records: capture.records });
		for (const changed of [mangled(bytes), mangled(bytes, "bare"), restored(bytes)])
			expect(await faultOf(changed)).toMatch(told);
	});
});

describe("what is wrong otherwise is not put down to that", () => {
	const bytes = readFileSync(captured("direct-ipv4"));

	test("a capture that is cut", async () => {
		expect(await faultOf(bytes.subarray(0, bytes.length - 1))).toMatch(/^FILE is damaged after frame 1055: truncated/);
	});

	test("a capture with a byte lost", async () => {
		const fault = await faultOf(Buffer.concat([bytes.subarray(0, 5_000), bytes.subarray(5_001)]));
		expect(fault).toStartWith("FILE is damaged after frame");
		expect(fault).not.toContain("line ends");
	});

	test("a text with such line ends", async () => {
		expect(await faultOf(Buffer.from("no capture, but lines\r\n".repeat(100)))).toMatch(/expected pcap or pcapng/);
	});
});
