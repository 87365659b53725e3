/** What dpkg and the maintainer scripts do to the service, in a copy of this machine whose service manager only keeps the unit's state. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makePackage } from "../../src/build/debian-package.ts";
import { haveNetns } from "../support/netns.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { type ThrowawayRoot, throwawayRoot } from "../support/throwaway-root.ts";
import { packageContents } from "./package-contents.ts";

const unit = "dnstt_exporter.service";
const config = "/etc/dnstt_exporter/config.json";
const complete = '{ "dnstt": { "domain": ["t.example.com"] } }\n';

/** In place of the executable, which checks the configuration. */
const executable = `#!/bin/sh\nexec grep -q t.example.com ${config}\n`;

/** What works on files is systemctl's own; what asks the service manager is answered here, as in a copy of a root none runs. */
const systemctl = `#!/bin/sh
case " $* " in
*" start "* | *" restart "*) touch /run/active ;;
*" stop "*) rm -f /run/active ;;
*" is-active "*) test -e /run/active ;;
*" daemon-reload "*) ;;
*) exec /usr/bin/systemctl --root=/ "$@" ;;
esac
`;

/** Debian has both programs, and so has what is made of it. */
const missing = ["dpkg", "deb-systemd-helper"].some((program) => Bun.which(program) === null);

describe.skipIf(missing || !haveNetns())("the service of the package", () => {
	let host: ThrowawayRoot;

	/** Runs a script on the host; returns what it printed, throws where it fails. */
	async function run(script: string): Promise<string> {
		const { code, stdout, stderr } = await host.run(script);
		if (code !== 0) throw new Error(`${script} ended with ${code}: ${stderr}`);
		return stdout;
	}

	/** Versions 1 and 2 are in the host's /root. */
	const install = (version = 1) => run(`dpkg --install /root/${version}.deb`);
	const configure = () => Bun.write(host.file(config), complete);
	const state = async () => {
		const script = `systemctl is-enabled ${unit} || true; if systemctl is-active ${unit}; then echo running; else echo stopped; fi`;
		return (await run(script)).trim().replace("\n", ", ");
	};

	beforeAll(async () => {
		host = await throwawayRoot();
		using folder = temporaryFolder();
		writeFileSync(folder.file("executable"), executable);
		for (const version of ["1", "2"]) {
			const architecture = process.arch === "arm64" ? "arm64" : "amd64";
			const contents = { ...packageContents, version, architecture, executable: folder.file("executable") } as const;
			const name = await makePackage(contents, folder.path, folder.path);
			await Bun.write(host.file(`/root/${version}.deb`), readFileSync(join(folder.path, name)));
		}
		await Bun.write(host.file("/usr/local/sbin/systemctl"), systemctl);
		await Bun.write(host.file("/etc/dpkg/dpkg.cfg.d/quick"), "no-triggers\nforce-unsafe-io\nforce-confold\n");
		await run("chmod 755 /usr/local/sbin/systemctl; mkdir -p /run/systemd/system; rm -f /usr/sbin/policy-rc.d");
	});
	beforeEach(async () => void (await run("dpkg --purge dnstt-exporter; rm -rf /etc/dnstt_exporter /run/active")));
	afterAll(() => host?.[Symbol.asyncDispose]());

	test("is neither enabled nor started without a domain, and the package says how to do both", async () => {
		expect(await install()).toContain("then run: systemctl enable --now dnstt_exporter\n");
		expect(await state()).toBe("disabled, stopped");
		await configure();
		await install(2);
		expect(await state()).toBe("disabled, stopped");
	});

	test("is enabled and started by the installation where the configuration is there already", async () => {
		await configure();
		expect(await install()).not.toContain("systemctl enable");
		expect(await state()).toBe("enabled, running");
	});

	test("runs again after the package was removed and installed anew, and a purge leaves nothing of it", async () => {
		await configure();
		await install();
		await run("dpkg --remove dnstt-exporter");
		expect(await state()).toBe("stopped");
		await install();
		expect(await state()).toBe("enabled, running");
		await run("dpkg --purge dnstt-exporter");
		expect(await state()).toBe("stopped");
		expect(await run("find /etc /var/lib/systemd -name '*dnstt*'")).toBe("");
	});

	test("is started by an upgrade as long as it is enabled, as that of every package", async () => {
		await configure();
		await install();
		await run(`systemctl stop ${unit}`);
		await install(2);
		expect(await state()).toBe("enabled, running");
	});

	test("is started again when a removal fails after it was stopped", async () => {
		await configure();
		await install();
		const prerm = "/var/lib/dpkg/info/dnstt-exporter.prerm";
		const removed = await run(`echo false >> ${prerm}; dpkg --remove dnstt-exporter || echo failed`);
		expect(removed).toEndWith("failed\n");
		expect(await state()).toBe("enabled, running");
		await run(`sed -i '$d' ${prerm}`);
	});

	test("stays disabled when an administrator has disabled it", async () => {
		await configure();
		await install();
		await run(`systemctl disable ${unit}; systemctl stop ${unit}`);
		await install(2);
		expect(await state()).toBe("disabled, stopped");
		await run("dpkg --remove dnstt-exporter");
		await install();
		expect(await state()).toBe("disabled, stopped");
	});
});
