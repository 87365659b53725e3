import { describe, expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { createService } from "../../src/process/notify.ts";
import { startExporter } from "../support/exporter.ts";
import { haveNetns, makeNetwork } from "../support/netns.ts";
import { until } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { type DatagramReceiver, monotonicUs, receiveDatagrams } from "./unixsocket.ts";

function serviceWith(env: Record<string, string>, faults: string[] = []) {
	return createService({ env, pid: 100, onFault: (message) => faults.push(message) });
}

/** As many bytes of path, or of abstract name with its "@", as an address takes (unix(7)): the path ends with a zero. */
const pathBytesMax = 107;
const abstractBytesMax = 108;

describe("a service tells its manager", () => {
	test.each([["a path"], ["an abstract name"]])("over %s how it does", (kind) => {
		using folder = temporaryFolder();
		const address = kind === "a path" ? folder.file("notify") : `@dnstt-test-${process.pid}-notify`;
		using receiver = receiveDatagrams(address);
		const service = serviceWith({ NOTIFY_SOCKET: address });
		service.ready("all\nwell");
		service.status("fine");
		service.reloading();
		service.pingWatchdog();
		service.stopping();
		const [ready, status, reloading, ...rest] = receiver.received();
		expect([ready, status, ...rest]).toEqual(["READY=1\nSTATUS=all well", "STATUS=fine", "WATCHDOG=1", "STOPPING=1"]);
		const [, stampUs] = /^RELOADING=1\nMONOTONIC_USEC=(\d+)$/.exec(reloading ?? "") ?? [];
		expect(Math.abs(Number(stampUs) - monotonicUs())).toBeLessThan(1_000_000);
	});

	test("nothing where no socket is named", () => {
		const faults: string[] = [];
		const service = serviceWith({ WATCHDOG_USEC: "10000000" }, faults);
		service.ready("");
		service.reloading();
		service.pingWatchdog();
		expect(service.watchdogPingMs).toBeNull();
		expect(faults).toEqual([]);
	});

	test("and tells a manager that is not there once", () => {
		const faults: string[] = [];
		const service = serviceWith({ NOTIFY_SOCKET: "/does/not/exist" }, faults);
		service.ready("");
		service.stopping();
		expect(faults).toEqual(["cannot notify /does/not/exist: No such file or directory"]);
	});

	test.each<[title: string, address: string, isSent: boolean]>([
		["a relative path is refused", "notify", false],
		["a VSOCK address is refused", "vsock:2:1234", false],
		["an abstract name of no letters is refused", "@", false],
		["the longest abstract name is taken", `@${"x".repeat(abstractBytesMax - 1)}`, true],
		["one byte more is refused", `@${"x".repeat(abstractBytesMax)}`, false],
		["a path of one byte too many is refused", `/${"x".repeat(pathBytesMax)}`, false],
	])("%s", (_, address, isSent) => {
		const faults: string[] = [];
		using receiver = isSent ? receiveDatagrams(address) : undefined;
		serviceWith({ NOTIFY_SOCKET: address }, faults).pingWatchdog();
		expect(receiver?.received() ?? []).toEqual(isSent ? ["WATCHDOG=1"] : []);
		expect(faults).toHaveLength(isSent ? 0 : 1);
	});

	test.each<[title: string, env: Record<string, string>, watchdogPingMs: number | null]>([
		["at half of the interval", { WATCHDOG_USEC: "10000000" }, 5_000],
		["if it is meant for this process", { WATCHDOG_USEC: "10000000", WATCHDOG_PID: "100" }, 5_000],
		["not if it is meant for another", { WATCHDOG_USEC: "10000000", WATCHDOG_PID: "101" }, null],
		["not without an interval", {}, null],
		["not with a senseless one", { WATCHDOG_USEC: "often" }, null],
		["not with one of no time", { WATCHDOG_USEC: "0" }, null],
	])("a watchdog is fed %s", (_, env, watchdogPingMs) => {
		expect(serviceWith({ NOTIFY_SOCKET: "/x", ...env }).watchdogPingMs).toBe(watchdogPingMs);
	});
});

describe.skipIf(!haveNetns())("the running exporter tells its manager", () => {
	test("when it is ready, reloads, loses its capture, stops, and that it is alive", async () => {
		using network = makeNetwork();
		const namespace = network.namespace("notify");
		network.veth({ namespace, interfaceName: "e0" }, { namespace, interfaceName: "e1" });
		using folder = temporaryFolder();
		chmodSync(folder.path, 0o755);
		using receiver = receiveDatagrams(folder.file("notify"));
		// As the manager's own is: every user may write to it.
		chmodSync(folder.file("notify"), 0o777);
		const env = { NOTIFY_SOCKET: folder.file("notify"), WATCHDOG_USEC: "400000" };
		const configure = (interfaceName: string) =>
			Bun.write(
				folder.file("config.json"),
				JSON.stringify({ dnstt: { domain: "t.example.com" }, capture: { interface: interfaceName } }),
			);
		await configure("e1");
		const flags = ["--config.file", folder.file("config.json")];
		await using exporter = await startExporter({ flags, namespace, env });
		const seen: string[] = [];
		const told = (wanted: string, receiverNow: DatagramReceiver = receiver) =>
			until(
				() => {
					seen.push(...receiverNow.received());
					const found = seen.findIndex((text) => text.includes(wanted));
					return found < 0 ? undefined : seen.splice(0, found + 1);
				},
				() => `${wanted}; ${JSON.stringify(seen)}`,
			);
		const start = await told("READY=1");
		expect(start).toEqual([
			"STATUS=capturing on e1",
			"READY=1\nSTATUS=capturing on e1, serving http://127.0.0.1:9713/",
		]);
		await told("WATCHDOG=1");
		await configure("e0");
		process.kill(exporter.pid, "SIGHUP");
		await told("RELOADING=1");
		await told("READY=1\nSTATUS=capturing on e0, serving http://127.0.0.1:9713/; configuration reloaded");
		namespace.ip("link", "set", "e0", "down");
		await told("STATUS=waiting to reopen the capture on e0");
		// A capture that waits for its interface is no reason to be killed.
		await told("WATCHDOG=1");
		namespace.ip("link", "set", "e0", "up");
		await told("STATUS=capturing on e0");

		// A stopped event loop feeds no watchdog.
		await told("WATCHDOG=1");
		process.kill(exporter.pid, "SIGSTOP");
		await Bun.sleep(50);
		receiver.received();
		seen.length = 0;
		await Bun.sleep(600);
		expect(receiver.received()).toEqual([]);
		process.kill(exporter.pid, "SIGCONT");
		await told("WATCHDOG=1");

		expect((await exporter.stop()).code).toBe(0);
		await told("STOPPING=1");
	});
});
