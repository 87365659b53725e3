import { describe, expect, test } from "bun:test";
import { effectiveConfig, reloadable } from "../../src/config/effective.ts";
import { hash, load, otherHash, withDomain } from "./loading.ts";

test("the configuration cannot be changed at any depth", () => {
	const config = load(withDomain({}));
	expect(() => Object.assign(config.web.listen, { port: 1 })).toThrow();
	expect(() => (config.dnstt.domains as string[]).push("x")).toThrow();
});

describe("effectiveConfig", () => {
	const file = {
		dnstt: { domain: ["a.example"], port: [53, 5300] },
		capture: { "buffer-size": "600001B" },
		session: { "active-window": "1m0s500ms" },
		web: { "listen-address": "[::]:1", tls: { "certificate-file": "/c", "key-file": "/k" } },
	};
	test("read as a file gives the same configuration", () => {
		const config = load({ file });
		expect(load({ file: effectiveConfig(config) })).toEqual(config);
	});

	test("shows users but no hash", () => {
		const form = effectiveConfig(load(withDomain({ file: { web: { "basic-auth": { ops: hash } } } })));
		expect(form.web).toMatchObject({ "basic-auth": { ops: "<secret>" } });
		expect(JSON.stringify(form)).not.toContain("$2");
	});
});

describe("reloadable", () => {
	const base = load(withDomain({}));
	test("finds nothing between equal configurations", () => {
		expect(reloadable(base, load(withDomain({})))).toEqual({ reload: [], restart: [] });
	});

	test("tells keys that a reload applies from those that wait for a restart", () => {
		const accounts = { file: { web: { "basic-auth": { ops: hash } } } };
		const changed = withDomain({
			...accounts,
			flags: { "dnstt.port": "54", "log.level": "warn", "process.user": "root", "web.listen-address": ":1" },
		});
		expect(reloadable(base, load(changed))).toEqual({
			reload: ["dnstt.port", "web.basic-auth", "log.level"],
			restart: ["web.listen-address", "process.user"],
		});
	});

	test("sees a hash that changed", () => {
		const other = (text: string) => load(withDomain({ flags: { "web.basic-auth": `ops:${text}` } }));
		expect(reloadable(other(hash), other(otherHash)).reload).toEqual(["web.basic-auth"]);
	});
});
