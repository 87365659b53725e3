import { describe, expect, test } from "bun:test";
import { installedConfig, installedExecutable, systemdUnit } from "../../src/print/unit.ts";
import { unsafeVariables } from "../../src/process/environment.ts";
import { runCommand } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";

const missing = Bun.which("systemd-analyze") === null;

/** The unit with an executable that is there, in a file of the name that systemd wants. */
async function analyze(words: readonly string[], text = systemdUnit()) {
	using folder = temporaryFolder();
	const path = folder.file("dnstt_exporter.service");
	await Bun.write(path, text.replace(installedExecutable, process.execPath));
	return await runCommand(["systemd-analyze", "--no-pager", ...words, path]);
}

/** The overall exposure level that `systemd-analyze security` prints. */
function exposure(stdout: string): number {
	return Number(/Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1]);
}

test("the unit starts the installed executable with the installed configuration", () => {
	expect(systemdUnit()).toContain(`\nExecStart=${installedExecutable} --config.file=${installedConfig}\n`);
});

test.each(["MemoryDenyWriteExecute", "ProcSubset", "PrivateNetwork", "PrivateUsers"])(
	"the unit leaves %s alone, as the exporter could not run with it",
	(name) => {
		expect(systemdUnit()).not.toContain(`${name}=`);
	},
);

test("a capability is all the unit grants, and variables that make Bun run other code are taken away", () => {
	const lines = systemdUnit().split("\n");
	expect(lines).toContain("AmbientCapabilities=CAP_NET_RAW");
	expect(lines).toContain("CapabilityBoundingSet=CAP_NET_RAW");
	const unset = lines.find((line) => line.startsWith("UnsetEnvironment="))?.split(/[= ]/) ?? [];
	expect(unset).toEqual(expect.arrayContaining(["BUN_BE_BUN", "BUN_INSPECT_PRELOAD", ...Object.keys(unsafeVariables)]));
});

describe.skipIf(missing)("systemd-analyze", () => {
	test("verifies the unit without a complaint", async () => {
		expect(await analyze(["verify"])).toEqual({ code: 0, stdout: "", stderr: "" });
	});

	test("complains about a unit with a setting that there is not", async () => {
		const { stderr } = await analyze(["verify", "--man=no"], systemdUnit().replace("ProtectClock", "ProtectClocks"));
		expect(stderr).toContain("ProtectClocks");
	});

	test("gives an exposure of at most 3.0, and more without the hardening", async () => {
		const { code, stdout } = await analyze(["security", "--offline=true", "--threshold=30"]);
		expect({ code, low: exposure(stdout) <= 3 }).toEqual({ code: 0, low: true });
		const plain = systemdUnit().replace(/^(DynamicUser|Protect\w+|Private\w+|Restrict\w+|SystemCall\w+)=.*\n/gm, "");
		const bare = await analyze(["security", "--offline=true", "--threshold=30"], plain);
		expect(bare.code).not.toBe(0);
		expect(exposure(bare.stdout)).toBeGreaterThan(3);
	});
});
