import { describe, expect, test } from "bun:test";
import { commands, printables } from "../../src/cli/commands.ts";
import { configKeys } from "../../src/config/keys.ts";
import { catalog } from "../../src/metrics/catalog.ts";
import { manPage } from "../../src/print/man.ts";
import { runCommand } from "../support/process.ts";

// Debian's package is installed by tools.ts where that may be; a run names what it skipped.
describe.skipIf(Bun.which("groff") === null)("the manual page", () => {
	/** The page as a terminal of 200 columns shows it, without bold and underlining. */
	async function rendered(page = manPage("1.2.3")) {
		const { code, stdout, stderr } = await runCommand(["groff", "-man", "-Tutf8", "-ww", "-P-cbou", "-rLL=200n"], {
			stdin: new TextEncoder().encode(page),
		});
		return { code, stderr, text: stdout };
	}

	test("renders without a warning", async () => {
		expect(await rendered()).toMatchObject({ code: 0, stderr: "" });
	});

	test("would be warned about if a macro did not exist", async () => {
		expect((await rendered(manPage("1.2.3").replace(".SH SIGNALS", ".SHH SIGNALS"))).stderr).not.toBe("");
	});

	test("names the program, the version, every command and all that is printed", async () => {
		const { text } = await rendered();
		expect(text).toMatch(/^DNSTT_EXPORTER\(1\)/);
		expect(text).toContain("dnstt_exporter 1.2.3");
		expect(text).toContain("dnstt_exporter - Prometheus exporter for dnstt servers");
		for (const { name } of commands) expect(text).toMatch(new RegExp(`^   ${name}\\b`, "m"));
		for (const what of Object.keys(printables)) expect(text).toMatch(new RegExp(`^ +${what}\\b`, "m"));
	});

	test("names every flag with ASCII dashes, its description, its default and its variable", async () => {
		const text = (await rendered()).text.replaceAll(/\s+/g, " ");
		for (const { flags } of commands) {
			for (const { name, description, default: value, variable } of flags) {
				expect(text).toContain(`--${name}`);
				expect(text).toContain(description.replaceAll(/\s+/g, " "));
				if (value !== undefined) expect(text).toContain(`Default: ${value}.`);
				if (variable !== undefined) expect(text).toContain(`Environment: ${variable}.`);
			}
		}
	});

	test("names every metric with its type and meaning, and the labels of each", async () => {
		const text = (await rendered()).text.replaceAll(/\s+/g, " ");
		for (const { name, type, help } of Object.values(catalog)) {
			expect(text).toMatch(new RegExp(`${name} (?:\\{[a-z_, ]+\\} )?${type}\\. ${RegExp.escape(help)}`));
		}
		expect(text).toContain("dnstt_queries_total {domain, country, asn} counter.");
		expect(text).toContain("dnstt_responses_total {domain, rcode} counter.");
	});

	test("has each configuration key once", async () => {
		const { text } = await rendered();
		for (const { name } of configKeys) {
			const lines = text
				.split("\n")
				.filter((line) => line.trimStart().startsWith(`--${name} `) || line.trim() === `--${name}`);
			expect([name, lines.length]).toEqual([name, 1]);
		}
	});
});
