import { describe, expect, test } from "bun:test";
import type { LiveOptions } from "../../src/capture/live.ts";
import { CaptureError } from "../../src/capture/source.ts";
import type { Config } from "../../src/config/schema.ts";
import type { Users } from "../../src/exporter/authentication.ts";
import { createReload, createReloadRecord } from "../../src/exporter/reload.ts";
import { configOf, createDependencies } from "../support/observed.ts";

/** A reload of parts that only note what they are asked. */
function prepared(initial: Config = configOf()) {
	const clock = { nowUs: 1e15 };
	const { log, logged } = createDependencies(() => clock.nowUs);
	const asked = { captures: [] as LiveOptions[], users: [] as Users[], fileChecks: 0 };
	const refusing = { capture: false };
	const record = createReloadRecord(() => clock.nowUs);
	const reload = createReload({
		initial,
		record,
		capture: {
			replace(live) {
				if (refusing.capture) throw new CaptureError("no interface");
				asked.captures.push(live);
				return Promise.resolve();
			},
		},
		web: { replaceUsers: (users) => void asked.users.push(users) },
		checkFiles: async () => void asked.fileChecks++,
		log,
	});
	return { reload, record, asked, refusing, clock, log, logged };
}

const accounts = configOf({ "web.basic-auth": `ops:$2y$04$${"a".repeat(53)}` });

describe("a reload", () => {
	test("of the same configuration touches neither capture nor users, but looks at the files", async () => {
		const { reload, asked } = prepared();
		await reload(configOf());
		expect(asked).toEqual({ captures: [], users: [], fileChecks: 1 });
	});

	test.each([
		["capture.interface", "eth7"],
		["capture.buffer-size", "1MiB"],
		["capture.promiscuous", "true"],
		["dnstt.port", "5353"],
	])("of %s asks for another capture", async (key, value) => {
		const { reload, asked } = prepared(configOf({ "capture.interface": "eth0" }));
		const next = configOf({ "capture.interface": "eth0", [key]: value });
		await reload(next);
		expect(asked.captures).toEqual([
			{
				interfaceName: next.capture.interface,
				ports: next.dnstt.ports,
				bufferBytes: next.capture.bufferBytes,
				promiscuous: next.capture.promiscuous,
			},
		]);
	});

	test("compares with the configuration that is in use, not with that of the start", async () => {
		const { reload, asked } = prepared();
		await reload(configOf({ "dnstt.port": "5353" }));
		await reload(configOf({ "dnstt.port": "5353" }));
		expect(asked.captures).toHaveLength(1);
		await reload(configOf());
		expect(asked.captures.map(({ ports }) => ports)).toEqual([[5353], [53]]);
	});

	test("of users replaces them", async () => {
		const { reload, asked } = prepared();
		await reload(accounts);
		await reload(configOf());
		expect(asked.users).toEqual([accounts.web.basicAuth, null]);
	});

	test("whose capture cannot be opened applies nothing, and the next one is not compared with it", async () => {
		const { reload, asked, refusing, log, record, logged } = prepared();
		refusing.capture = true;
		const next: Config = {
			...accounts,
			dnstt: { ...accounts.dnstt, ports: [5353] },
			log: { ...accounts.log, level: "error" },
		};
		await expect(reload(next)).rejects.toThrow(CaptureError);
		expect(asked).toEqual({ captures: [], users: [], fileChecks: 0 });
		expect([log.level, record.state().successTimeSeconds, logged]).toEqual(["debug", 1e9, []]);
		refusing.capture = false;
		await reload(next);
		expect([asked.captures.length, asked.users.length, log.level]).toEqual([1, 1, "error"]);
	});

	test("keeps what needs a restart, and says so each time", async () => {
		const { reload, logged } = prepared();
		const next = configOf({ "web.telemetry-path": "/elsewhere", "log.level": "debug" });
		await reload(next);
		await reload(next);
		expect(logged.filter((line) => line.includes("needs_restart=web.telemetry-path"))).toHaveLength(2);
	});
});

test("the record has the latest outcome, and when a reload last succeeded", () => {
	let nowUs = 5_000_000;
	const record = createReloadRecord(() => nowUs);
	expect(record.state()).toEqual({ successful: true, successTimeSeconds: 5 });
	nowUs = 9_000_000;
	record.failed();
	expect(record.state()).toEqual({ successful: false, successTimeSeconds: 5 });
	record.succeeded();
	expect(record.state()).toEqual({ successful: true, successTimeSeconds: 9 });
});
