import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { appendFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import type { Report } from "../../src/commands/inspect/report.ts";
import { exporterCommand, runExporter } from "../support/exporter.ts";
import { readPcapFile, writePcapng } from "../support/pcapfile.ts";
import { type Child, spawnChild } from "../support/process.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary.ts";
import { capturePath, countsOf, expectedCounts, recordedDomain } from "./captures.ts";

const flags = ["--format=json", "--dnstt.domain", recordedDomain];
/** Longer than the command waits between two looks at a file. */
const lookMs = 400;

let folder: TemporaryFolder;
let whole: Uint8Array;
beforeAll(async () => {
	folder = temporaryFolder();
	whole = await Bun.file(capturePath("direct-ipv4")).bytes();
});
afterAll(() => folder[Symbol.dispose]());

function follow(file: string): Child {
	return spawnChild([...exporterCommand(), "inspect", "--follow", ...flags, file]);
}

async function reportAfter(child: Child, signal: NodeJS.Signals): Promise<Report> {
	child.kill(signal);
	expect(await child.exited).toBe(0);
	return JSON.parse(child.stdout());
}

describe("inspect --follow", () => {
	test.each([
		["pcap", () => whole],
		["pcapng", async () => writePcapng(await readPcapFile(capturePath("direct-ipv4")))],
	])("reads a growing %s that comes in pieces, header and records cut anywhere", async (name, make) => {
		const bytes = await make();
		const file = folder.file(`growing.${name}`);
		writeFileSync(file, "");
		const child = follow(file);
		for (const [from, to] of [
			[0, 10],
			[10, 30],
			[30, 77],
			[77, 50_001],
			[50_001, bytes.length],
		] as const) {
			await Bun.sleep(lookMs);
			appendFileSync(file, bytes.subarray(from, to));
		}
		await Bun.sleep(lookMs);
		const report = await reportAfter(child, "SIGINT");
		expect(countsOf(report)).toEqual(await expectedCounts("direct-ipv4"));
		expect(report.broken).toEqual([]);
	});

	test("leaves out a record that is not whole when a signal comes", async () => {
		const file = folder.file("partial.pcap");
		writeFileSync(file, whole.subarray(0, -10));
		const child = follow(file);
		await Bun.sleep(2 * lookMs);
		expect(await reportAfter(child, "SIGTERM")).toMatchObject({ packets: 1_055, broken: [] });
	});

	test.each([
		["standard input", ["-"], /^dnstt_exporter: --follow: standard input \(-\) is read until it ends as it is/],
		["two files", ["a", "b"], /^dnstt_exporter: --follow: expected one file/],
	])("refuses %s", async (_, files, complaint) => {
		const { code, stderr } = await runExporter(["inspect", "--follow", ...flags, ...files]);
		expect(code).toBe(2);
		expect(stderr).toMatch(complaint);
	});

	test.each<[what: string, change: (file: string) => void]>([
		["removed", (file) => unlinkSync(file)],
		["cut to a shorter one", (file) => writeFileSync(file, whole.subarray(0, 10_000))],
		[
			"replaced",
			(file) => {
				writeFileSync(`${file}.new`, whole);
				renameSync(`${file}.new`, file);
			},
		],
	])("says that the file was %s, and ends with the report of what came before", async (what, change) => {
		const file = folder.file("followed.pcap");
		writeFileSync(file, whole);
		const child = follow(file);
		await Bun.sleep(2 * lookMs);
		change(file);
		expect(await child.exited).toBe(1);
		expect(child.stderr()).toContain(`followed.pcap was ${what} while it was followed; follow it again`);
		const report: Report = JSON.parse(child.stdout());
		expect([report.packets, report.broken.length]).toEqual([1_056, 1]);
	});

	test("ends with 1 when the file is no capture, as soon as that shows", async () => {
		const file = folder.file("text");
		writeFileSync(file, "no capture at all\n");
		const { code, stderr } = await runExporter(["inspect", "--follow", ...flags, file]);
		expect(code).toBe(1);
		expect(stderr).toMatch(/text is no capture/);
	});
});

describe("a signal while standard input is read", () => {
	/** Inspects standard input that stays open behind these bytes. */
	function inspectOpen(bytes: Uint8Array) {
		const child = Bun.spawn([...exporterCommand(), "inspect", ...flags, "-"], { stdin: "pipe", stdout: "pipe" });
		child.stdin.write(bytes);
		child.stdin.flush();
		return child;
	}

	test.each([
		["nothing", 0, 0],
		["half a header", 10, 0],
		["half a record", -10, 1_055],
		["all but the end", undefined, 1_056],
	])("gives the report of what came: %s", async (_, end, packets) => {
		const child = inspectOpen(end === 0 ? new Uint8Array() : whole.subarray(0, end));
		// It is read within milliseconds; the start of the program takes longer.
		await Bun.sleep(700);
		child.kill("SIGINT");
		expect(await child.exited).toBe(0);
		const report: Report = await child.stdout.json();
		expect(report).toMatchObject({ packets, broken: [] });
	});

	test("does not come late, and the end of a pipe is the end", async () => {
		const child = inspectOpen(whole);
		await Bun.sleep(700);
		const start = performance.now();
		child.kill("SIGTERM");
		await child.exited;
		expect(performance.now() - start).toBeLessThan(500);
		const { code, stdout } = await runExporter(["inspect", ...flags, "-"], { stdin: whole });
		expect(code).toBe(0);
		expect(JSON.parse(stdout).packets).toBe(1_056);
	});
});

test("progress stands on standard error where that is a terminal, and is gone at the end", async () => {
	// script(1) gives the command a terminal; 300 times the capture takes longer than progress waits.
	const files = Array.from({ length: 300 }, () => capturePath("direct-ipv4"));
	const [program = "", ...more] = exporterCommand();
	const words = [program, ...more, "inspect", ...flags, ...files].join(" ");
	const child = spawnChild(["script", "-qec", `${words} > /dev/null`, "/dev/null"], { env: { TERM: "xterm" } });
	expect(await child.exited).toBe(0);
	if (!/packets\/s/.test(child.stdout())) {
		// A fast machine is done before anyone would look, and has nothing to take away.
		expect(child.stdout()).toBe("");
		return;
	}
	expect(child.stdout()).toMatch(/\d+ % {2}[\d,]+ packets {2}[\d,]+ packets\/s {2}file \d+ of 300: /);
	expect(child.stdout()).toEndWith("\r\u001b[K");
});
