import { describe, expect, test } from "bun:test";
import { type InspectOptions, inspect } from "../../src/commands/inspect.ts";
import type { Report } from "../../src/report/report.ts";
import { capturePath, countsOf, expectedCounts } from "../main/captures.ts";
import { configOf, createWorld } from "../support/observed.ts";
import { temporaryFolder } from "../support/temporary.ts";

const direct = capturePath("direct-ipv4");

/** Runs the command in this process, JSON unless the options say otherwise. */
async function run(options: Partial<InspectOptions>): Promise<{ code: number; output: string; errors: string }> {
	let output = "";
	let errors = "";
	const code = await inspect(
		configOf(),
		{ files: [direct], format: "json", top: 10, ...options },
		createWorld(),
		(text) => {
			output += text;
		},
		(text) => {
			errors += text;
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

	test("goes on behind a file that cannot be read, and ends with 1", async () => {
		using folder = temporaryFolder();
		const missing = folder.file("missing.pcap");
		const { code, output, errors } = await run({ files: [missing, direct] });
		expect(code).toBe(1);
		expect(errors).toMatch(/^dnstt_exporter: cannot read .*missing\.pcap: .*\n$/);
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

	test("with a range that no packet is in reports no packets", async () => {
		const { code, output } = await run({ fromMs: Date.parse("2030-01-01T00:00:00Z") });
		expect(code).toBe(0);
		expect(reportOf(output)).toMatchObject({ packets: 0, first_packet: null, domains: [{ queries: 0 }] });
	});

	test("writes the exposition without capture and reload, which a file has not", async () => {
		const { output } = await run({ format: "prometheus" });
		expect(output).toContain('dnstt_queries_total{domain="t.example.com"} 528\n');
		expect(output).not.toMatch(/^dnstt_exporter_(capture|packets|config)[^{]*\{?.* \d/m);
	});
});
