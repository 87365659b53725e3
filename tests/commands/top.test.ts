import { afterAll, describe, expect, test } from "bun:test";
import { UsageError } from "../../src/cli/arguments.ts";
import { type TopDependencies, type TopOptions, top } from "../../src/commands/top.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { busyHistory, busyStatus, servePage } from "../web/page/fixture.ts";

const exporter = servePage(busyStatus, busyHistory);
afterAll(() => exporter.stop());

/** Runs the command; `typed` comes once it reads keys. Gives what was written, and whether keys were given back. */
async function run(options: Partial<TopOptions>, dependencies: Partial<TopDependencies> = {}, typed?: string) {
	let written = "";
	let ended = 0;
	const code = await top(
		{ url: exporter.url.replace(/\/$/, ""), intervalMs: 500, ...options },
		{
			screen: null,
			isColoured: false,
			readKeys(take) {
				if (typed !== undefined) setTimeout(() => take(typed), 50);
				return () => void ended++;
			},
			onResized() {},
			stopSignal: () => new Promise(() => {}),
			write(text) {
				written += text;
			},
			nowMs: Date.now,
			...dependencies,
		},
	);
	return { code, written, ended };
}

describe("top", () => {
	test("writes all of it once where there is no terminal", async () => {
		const { code, written, ended } = await run({});
		expect({ code, ended }).toEqual({ code: 0, ended: 0 });
		expect(written).toStartWith(" dnstt_exporter 1.0.0 on vps1  http://127.0.0.1:");
		expect(written).toContain("\nCountry ");
		expect(written).not.toContain("\x1b");
	});

	const size = { columns: 80, rows: 24 };
	test.each([
		["a key", {}, "cq"],
		["a signal", { stopSignal: () => Bun.sleep(100) }, "c"],
	])("gives the terminal back after %s", async (_, dependencies, typed) => {
		let screen = "";
		const write = (text: string) => {
			screen += text;
		};
		const { code, written, ended } = await run({}, { screen: { write, size: () => size }, ...dependencies }, typed);
		expect({ code, written, ended }).toEqual({ code: 0, written: "", ended: 1 });
		expect(screen).toStartWith("\x1b[?1049h");
		expect(screen).toEndWith("\x1b[?1049l");
	});

	test.each([
		[
			"a password that cannot be read",
			{ username: "ops", passwordFile: "/nonexistent/pw" },
			/^--password-file \/nonexistent\/pw: does not exist; check the path$/,
		],
		[
			"a certificate that is not there",
			{ caFile: "/nonexistent/ca" },
			/^--ca-file \/nonexistent\/ca: does not exist; check the path$/,
		],
		["a folder of certificates", { caFile: "/" }, /^--ca-file \/: is a folder; name the file in it$/],
		[
			"a certificate that is none",
			{ caFile: "none.pem" },
			/^--ca-file \S+none\.pem: holds no certificate in PEM form; convert it with: openssl x509/,
		],
	])("refuses %s", async (_, options, complaint) => {
		using folder = temporaryFolder();
		await Bun.write(folder.file("none.pem"), "not one\n");
		const given = "caFile" in options && options.caFile === "none.pem" ? { caFile: folder.file("none.pem") } : options;
		const error = await run(given).then(
			() => undefined,
			(fault: unknown) => fault,
		);
		expect(error).toBeInstanceOf(UsageError);
		expect(String((error as UsageError).problems[0])).toMatch(complaint);
	});
});
