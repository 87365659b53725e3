import { describe, expect, test } from "bun:test";
import { type InspectDependencies, type InspectOptions, inspect } from "../../../src/commands/inspect/inspect.ts";
import type { Report } from "../../../src/commands/inspect/report.ts";
import { capturePath, countsOf, expectedCounts } from "../../main/captures.ts";
import { configOf, createDependencies } from "../../support/observed.ts";
import { readPcapFile, writePcap } from "../../support/pcapfile.ts";
import { temporaryFolder } from "../../support/temporary.ts";

const direct = capturePath("direct-ipv4");

/** Runs the command in this process, JSON unless the options say otherwise. */
async function run(
	options: Partial<InspectOptions>,
	dependencies: Partial<InspectDependencies> = {},
): Promise<{ code: number; output: string; errors: string }> {
	let output = "";
	let errors = "";
	const code = await inspect(
		configOf(),
		{ files: [direct], format: "json", top: 10, follow: false, ...options },
		{
			...createDependencies(),
			write(text) {
				output += text;
			},
			writeError(text) {
				errors += text;
			},
			progress: null,
			screen: null,
			isTypedInto: false,
			stopSignal: () => new Promise(() => {}),
			...dependencies,
		},
	);
	return { code, output, errors };
}

const reportOf = (output: string): Report => JSON.parse(output);

describe("inspect", () => {
	test("reads several files as one stream: a session that is in two is one", async () => {
		const { code, output } = await run({ files: [direct, direct] });
		const once = await expectedCounts("direct-ipv4");
		expect(code).toBe(0);
		expect(countsOf(reportOf(output))).toEqual({
			...once,
			queries: 2 * once.queries,
			bytes_in: 2 * once.bytes_in,
			responses: 2 * once.responses,
			bytes_out: 2 * once.bytes_out,
		});
	});

	test("gives of a capture's parts the report of the whole, in whatever order they are named", async () => {
		using folder = temporaryFolder();
		const { records, linkType } = await readPcapFile(direct);
		const parts = await Promise.all(
			[0, 400, 800].map(async (start, index) => {
				const path = folder.file(`part${index}`);
				await Bun.write(path, writePcap({ linkType, records: records.slice(start, start + 400) }));
				return path;
			}),
		);
		const whole = reportOf((await run({ files: [direct] })).output);
		const files = [2, 0, 1].map((part) => parts[part] ?? "");
		expect(reportOf((await run({ files })).output)).toEqual({ ...whole, files });
	});

	test("says so where the captures are of the same time", async () => {
		const { output } = await run({ files: [direct, direct] });
		expect(reportOf(output).conditions.at(0)?.sentence).toBe("Time stamps go back by more than a second once.");
	});

	test("goes on behind a file that cannot be read, and ends with 1", async () => {
		using folder = temporaryFolder();
		const missing = folder.file("missing.pcap");
		const { code, output, errors } = await run({ files: [missing, direct] });
		expect(code).toBe(1);
		expect(errors).toBe(`dnstt_exporter: ${missing} does not exist; check the path\n`);
		const report = reportOf(output);
		expect(countsOf(report)).toEqual(await expectedCounts("direct-ipv4"));
		expect(report.broken).toEqual([errors.slice("dnstt_exporter: ".length, -1)]);
	});

	test("writes no report when no file can be read", async () => {
		using folder = temporaryFolder();
		const { code, output, errors } = await run({ files: [folder.file("a"), folder.file("b")] });
		expect({ code, output }).toEqual({ code: 1, output: "" });
		expect(errors.trimEnd().split("\n")).toHaveLength(2);
	});

	test("does not wait for a capture to be typed", async () => {
		const { code, errors } = await run({ files: ["-"] }, { isTypedInto: true });
		expect(code).toBe(1);
		expect(errors).toMatch(/^dnstt_exporter: standard input is a terminal: expected a capture from a pipe/);
	});

	test("with a range that no packet is in reports no packets", async () => {
		const { code, output } = await run({ fromMs: Date.parse("2030-01-01T00:00:00Z") });
		expect(code).toBe(0);
		expect(reportOf(output)).toMatchObject({ packets: 0, first_packet: null, domains: [{ queries: 0 }] });
	});

	test("shows how far it is, at most four times a second and not at all when it is quick", async () => {
		const lines: string[] = [];
		const times: number[] = [];
		let nowUs = 0;
		const progress = {
			columns: 80,
			show(line: string) {
				lines.push(line);
				times.push(nowUs);
			},
		};
		// Each look at the clock takes a tenth of a second.
		const monotonicUs = () => {
			nowUs += 100_000;
			return nowUs;
		};
		await run({ files: Array<string>(9).fill(direct) }, { progress, monotonicUs });
		expect(lines.at(-1)).toBe("");
		const shown = lines.slice(0, -1);
		expect(shown.length).toBeGreaterThan(2);
		for (const line of shown) {
			expect(line).toMatch(/^\d+ % {2}[\d,]+ packets {2}[\d,]+ packets\/s {2}file [1-9] of 9: /);
			expect(line.length).toBeLessThanOrEqual(80);
		}
		expect(shown.at(-1)).toContain("file 9 of 9");
		expect(times[0]).toBeGreaterThanOrEqual(600_000);
		for (let index = 1; index < shown.length; index++) {
			expect((times[index] ?? 0) - (times[index - 1] ?? 0)).toBeGreaterThanOrEqual(250_000);
		}
		lines.length = 0;
		await run({}, { progress });
		expect(lines).toEqual([""]);
	});

	test("writes a line each ten seconds while it follows, and the report after a signal", async () => {
		using folder = temporaryFolder();
		const growing = folder.file("growing.pcap");
		await Bun.write(growing, (await Bun.file(direct).bytes()).slice(0, -100));
		let nowUs = 0;
		const stopped = Promise.withResolvers<void>();
		const { code, output, errors } = await run(
			{ files: [growing], follow: true },
			{
				monotonicUs: () => (nowUs += 6_000_000),
				stopSignal: () => {
					setTimeout(stopped.resolve, 1_200);
					return stopped.promise;
				},
			},
		);
		expect(code).toBe(0);
		expect(reportOf(output)).toMatchObject({ packets: 1_055, broken: [] });
		const lines = errors.trimEnd().split("\n");
		expect(lines.length).toBeGreaterThan(1);
		expect(lines.at(-1)).toBe("2026-11-23T22:14:38.859035Z   packets 1,055   queries 528   sessions 3   active 3");
	});

	test("shows the report on the screen while it follows, and gives the screen back", async () => {
		const shown: (readonly string[])[] = [];
		let closed = 0;
		const screen = { show: (lines: readonly string[]) => void shown.push(lines), close: () => void closed++ };
		const { output } = await run(
			{ files: [direct], follow: true, format: "text" },
			{
				screen,
				monotonicUs: () => Math.floor(performance.now() * 1_000),
				stopSignal: () => Bun.sleep(700),
			},
		);
		expect(closed).toBe(1);
		expect(shown).toHaveLength(1);
		expect(shown[0]?.slice(0, -2).join("\n")).toBe(output.trimEnd());
	});

	test("writes the exposition without capture and reload, which a file has not", async () => {
		const { output } = await run({ format: "prometheus" });
		expect(output).toContain('dnstt_queries_total{domain="t.example.com"} 528\n');
		expect(output).not.toMatch(/^dnstt_exporter_(capture|packets|config)[^{]*\{?.* \d/m);
	});
});
