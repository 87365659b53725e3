import { describe, expect, test } from "bun:test";
import { type Config, ConfigError } from "../../src/config/config.ts";
import { unreadableFiles } from "../../src/process/readable.ts";
import { configOf } from "../support/observed.ts";
import { temporaryFolder } from "../support/temporary.ts";

const keys = ["geoip.country-database", "geoip.asn-database", "web.tls.certificate-file", "web.tls.key-file"];

/** The files are at these paths. */
const configWith = (pathOf: (key: string) => string): Config =>
	configOf(Object.fromEntries(keys.map((key) => [key, pathOf(key)])));
const load = () => configOf();

describe("the files that cannot be read again", () => {
	test("are none where none is named", () => {
		expect(unreadableFiles(configOf(), load)).toEqual([]);
	});

	test("are named each by its key, and those that can be are not", async () => {
		using folder = temporaryFolder();
		for (const key of keys) await Bun.write(folder.file(key), "");
		expect(
			unreadableFiles(
				configWith((key) => folder.file(key)),
				load,
			),
		).toEqual([]);
		for (const key of keys) {
			const missing = folder.file("missing");
			const config = configWith((one) => (one === key ? missing : folder.file(one)));
			expect(unreadableFiles(config, load)).toEqual([`${key} ${missing}: let the account of process.user read it`]);
		}
	});

	test("have what is wrong with the configuration's own behind them, a line each", () => {
		const refuse = () => {
			throw new ConfigError(["c.json: may not be read", "and more"]);
		};
		const lines = unreadableFiles(configOf({ "geoip.asn-database": "/nowhere/asn.mmdb" }), refuse);
		expect(lines).toEqual([expect.stringContaining("/nowhere/asn.mmdb"), "c.json: may not be read", "and more"]);
	});

	test("do not hide a fault of the program", () => {
		const fail = () => {
			throw new TypeError("a fault");
		};
		expect(() => unreadableFiles(configOf(), fail)).toThrow("a fault");
	});
});
