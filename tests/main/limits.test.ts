import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { exporterCommand, startExporter } from "../support/exporter.ts";
import { haveNetns, makeNetwork, type Namespace, type Network } from "../support/netns.ts";
import { type Ended, ended, runCommand } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";

const [executable = ""] = exporterCommand();
const domain = ["--dnstt.domain", "t.example.com"];
const capture = join(import.meta.dir, "../captures/direct-ipv4.pcap");

/** The exporter under a limit of bash's ulimit, as a command. */
function limited(limit: string, words: readonly string[]): string[] {
	return ["bash", "-c", `ulimit ${limit} && exec "$@"`, "bash", executable, ...words];
}

/** One line on standard error, nothing on standard output, and this code. */
function complains({ code, stdout, stderr }: Ended, expectedCode: number, complaint: RegExp): void {
	expect(stderr.trimEnd()).toMatch(complaint);
	expect(stderr.trimEnd().split("\n")).toHaveLength(1);
	expect({ code, stdout }).toEqual({ code: expectedCode, stdout: "" });
}

describe("tables that find no memory end with 2 and one line", () => {
	const complaint = /^dnstt_exporter: no memory for the tables: lower session\.max-tracked, .*ulimit -v.*LimitAS=/;
	const large = ["--session.max-tracked=16000000", "--session.max-remembered=16000000", "--labels.max-sets=200000"];

	// Below 400,000 Bun itself aborts before any code of this program runs.
	test.each([
		["inspect", [...domain, capture]],
		["check-config", domain],
		["run", domain],
	])("in an address space of 500,000 KiB: %s", async (command, words) => {
		complains(await runCommand(limited("-v 500000", [command, ...words])), 2, complaint);
	});

	test.each([
		["inspect", [...domain, ...large, capture]],
		["check-config", [...domain, ...large]],
	])("where the configuration asks for more than there is: %s", async (command, words) => {
		complains(await runCommand(limited("-v 2000000", [command, ...words])), 2, complaint);
	});
});

test("a full folder for temporary files is called full where the capture library cannot be unpacked", async () => {
	using folder = temporaryFolder();
	const full = 'mount -t tmpfs -o size=64k none "$0" && cat /dev/zero >"$0/zeros" 2>/dev/null; TMPDIR="$0" exec "$@"';
	const words = [executable, "inspect", ...domain, capture];
	const end = await runCommand(["unshare", "--mount", "--map-root-user", "bash", "-c", full, folder.path, ...words]);
	complains(end, 1, /^dnstt_exporter: cannot load the capture library: \S+ is full, .*set TMPDIR to another folder$/);
});

test("a folder for temporary files that is mounted read-only is reported in one line", async () => {
	using folder = temporaryFolder();
	const readOnly = 'mount -t tmpfs -o ro none "$0" && TMPDIR="$0" exec "$@"';
	const words = [...exporterCommand(), "--dnstt.domain", "t.example.com"];
	const end = await runCommand([
		"unshare",
		"--mount",
		"--map-root-user",
		"bash",
		"-c",
		readOnly,
		folder.path,
		...words,
	]);
	complains(
		end,
		1,
		/^dnstt_exporter: cannot load the capture library \(.*\): .*cannot be written .*set TMPDIR to another$/,
	);
});

test("open files that do not suffice end with 1 and one line, before anything is opened", async () => {
	const complaint = /^dnstt_exporter: this process may open 16 files at once, and needs 24: .*ulimit -n.*LimitNOFILE=/;
	for (const command of ["run", "demo"]) {
		const end = await runCommand(limited("-n 16", [command, ...(command === "run" ? domain : [])]));
		complains(end, 1, complaint);
	}
});

test("where no descriptor is left for standard error, it has its line all the same", async () => {
	const end = await runCommand(limited("-n 8", ["top"]));
	complains(end, 1, /^dnstt_exporter: (cannot reach|this process may open no more files: raise its limit)/);
});

test("a stack that does not suffice is told in one line as soon as code of this program runs, and never as a listing of it", async () => {
	const ends: string[] = [];
	// How much the runtime takes differs by some KiB with the environment; with less than that it ends without a word.
	for (let stackKiB = 136; stackKiB <= 188; stackKiB += 4) {
		const { code, stderr } = await runCommand(limited(`-s ${stackKiB}`, ["top"]));
		expect({ stackKiB, code, listing: /^\d+ \|/m.test(stderr) }).toEqual({ stackKiB, code: 1, listing: false });
		ends.push(stderr);
	}
	const complaint = "dnstt_exporter: the stack of this process is too small: raise its limit (ulimit -s 8192; ";
	expect(ends.filter((stderr) => stderr.startsWith(complaint)).length).toBeGreaterThan(5);
	const { stderr } = await runCommand(limited("-s 192", ["top"]));
	expect(stderr).toMatch(/^dnstt_exporter: cannot reach .*\n$/);
});

describe.skipIf(!haveNetns())("in a network namespace", () => {
	let network: Network;
	let host: Namespace;
	beforeAll(() => {
		network = makeNetwork();
		host = network.namespace("host");
	});
	afterAll(() => network?.remove());

	test("with 24 open files it serves, and cuts no connections while there are none", async () => {
		await using exporter = await startExporter({ command: limited("-n 24", []), flags: domain, namespace: host });
		await Bun.sleep(2_500);
		expect((await exporter.metrics()).value("dnstt_exporter_capture_up", { interface: "any" })).toBe(1);
		expect(exporter.stderr()).not.toContain("connections");
	});

	test("of many interfaces an unknown one's line names some", async () => {
		const names = Array.from({ length: 300 }, (_, index) => `link${index}`);
		const batch = names.map((name) => `link add ${name} type bridge\n`).join("");
		const made = await ended(host.spawn(["ip", "-batch", "-"], { stdin: Buffer.from(batch) }));
		expect(made).toMatchObject({ code: 0 });
		const end = await ended(host.spawn([executable, ...domain, "--capture.interface=link301"]));
		complains(
			end,
			1,
			/^dnstt_exporter: no interface "link301": this host has any, (\S+, ){14}\S+ and \d+ more \(ip link lists them\); choose one with --capture\.interface$/,
		);
		expect(end.stderr.length).toBeLessThan(400);
	});
});
