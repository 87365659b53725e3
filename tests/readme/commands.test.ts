/** Does what the README says, from the top to the bottom, in a copy of this machine, and compares with what it shows. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { asnMmdb, countryMmdb } from "../support/mmdb.ts";
import { haveNetns } from "../support/netns.ts";
import { until } from "../support/process.ts";
import { type ThrowawayRoot, throwawayRoot } from "../support/throwaway-root.ts";
import { type Block, blocksOf, commandsIn, firstMissing, sameButNumbers, shownIn } from "./blocks.ts";

const repository = resolve(import.meta.dir, "../..");
const readme = readFileSync(resolve(repository, "README.md"), "utf8");
const blocks = blocksOf(readme);

/** The block that has this text. */
function block(language: string, part: string): Block {
	const found = blocks.filter((candidate) => candidate.language === language && candidate.text.includes(part));
	const [first] = found;
	if (found.length !== 1 || first === undefined) throw new Error(`${found.length} blocks of ${language} have: ${part}`);
	used.add(first);
	return first;
}

const used = new Set<Block>();

/** Programs that answer in place of a service manager that runs and of the internet. */
const standIns = {
	systemctl: 'echo "systemctl $*" >> /root/systemctl.log',
	curl: 'for last; do :; done; case "$last" in https://*-country-*) gzip < /root/country.mmdb;; https://*-asn-*) gzip < /root/asn.mmdb;; *) exec /usr/bin/curl "$@";; esac',
};

describe.skipIf(!haveNetns())("the README", () => {
	let host: ThrowawayRoot;

	/** Runs a script on the host; returns what it printed, throws where it fails. */
	async function run(script: string, cwd = "/root"): Promise<string> {
		const { code, stdout, stderr } = await host.run(script, { cwd });
		if (code !== 0) throw new Error(`${script} ended with ${code}: ${stderr}`);
		return stdout;
	}

	beforeAll(async () => {
		host = await throwawayRoot();
		for (const [name, script] of Object.entries(standIns)) {
			await Bun.write(host.file(`/usr/local/sbin/${name}`), `#!/bin/sh\n${script}\n`);
		}
		await run("chmod 755 /usr/local/sbin/*; rm -rf /etc/dnstt_exporter; mkdir unpacked");
		await run(`ln -s ${repository}/dist/dnstt_exporter /root/unpacked/dnstt_exporter`);
	});
	afterAll(() => host?.[Symbol.asyncDispose]());

	test("starts the demo", async () => {
		const { command, lines } = shownIn(block("console", "npm start"));
		const child = host.spawn(["script", "--quiet", "--return", "--command", command, "/dev/null"], { cwd: repository });
		const printed = () => Bun.stripANSI(child.stdout()).replaceAll(/\r+\n?/g, "\n");
		await until(
			() => (/\d+ active, [1-9]/.test(printed()) ? true : undefined),
			() => `${command} printed: ${printed()}${child.stderr()}`,
			120_000,
		);
		await run("pkill --exact dnstt_exporter");
		await child.exited;
		expect(firstMissing(printed(), lines, sameButNumbers)).toBeUndefined();
	}, 150_000);

	test("installs an archive's executable as a service", async () => {
		await run(block("sh", "install -m 755").text, "/root/unpacked");
		expect(await run("systemd-analyze --no-pager verify --man=no /etc/systemd/system/dnstt_exporter.service")).toBe("");
		expect(await run("cat systemctl.log; rm systemctl.log")).toBe(
			"systemctl daemon-reload\nsystemctl enable --now dnstt_exporter\n",
		);
	});

	test("reads the metrics of the service that was installed", async () => {
		const [command = ""] = commandsIn(readme, ["curl -s"]);
		const flags = "--config.file /etc/dnstt_exporter/config.json";
		const exporter = host.spawn(["dnstt_exporter", "run", ...flags.split(" ")]);
		await until(
			async () => ((await host.run("curl -sf http://127.0.0.1:9713/-/ready")).code === 0 ? true : undefined),
			() => exporter.stderr(),
		);
		expect(await run(command)).toBe('dnstt_domain_active_clients{domain="t.example.com"} 0\n');
		exporter.kill("SIGTERM");
	});

	test("inspects a capture of the repository", async () => {
		const { command, lines } = shownIn(block("console", "inspect"));
		expect(firstMissing(await run(command, repository), [...lines])).toBeUndefined();
	});

	test("fetches databases, and configures them", async () => {
		await Bun.write(host.file("/root/country.mmdb"), countryMmdb());
		await Bun.write(host.file("/root/asn.mmdb"), asnMmdb());
		await Bun.write(host.file("/etc/cron.monthly/dnstt-databases"), `${block("sh", "dbip").text}\n`);
		await run("chmod 755 /etc/cron.monthly/dnstt-databases && /etc/cron.monthly/dnstt-databases");
		const [section] = commandsIn(readme, ['"geoip":']);
		await Bun.write(host.file("/root/geoip.json"), `{ "dnstt": { "domain": ["t.example.com"] }, ${section} }`);
		expect(await run("dnstt_exporter check-config --config.file geoip.json")).toContain("/var/lib/GeoIP/asn.mmdb");
	});

	test("configures Prometheus on the same host, with the rules", async () => {
		const [command = ""] = commandsIn(readme, ["dnstt_exporter print prometheus-rules"]);
		const [sed = ""] = commandsIn(readme, ["sed"]);
		await run(`${command}; ${sed}; promtool check rules dnstt.rules.yml`);
		expect(await run("grep --count 'runbook_url:.*https://YOUR.COPY/README.md#conditions' dnstt.rules.yml")).toBe(
			"21\n",
		);
		const job = `${block("yaml", "127.0.0.1:9713").text}\n`;
		await Bun.write(host.file("/root/prometheus.yml"), `${job}rule_files: [dnstt.rules.yml]\n`);
		await run("promtool check config prometheus.yml");
		await Bun.write(host.file("/root/bounded.yml"), `${job}${block("yaml", "sample_limit").text}\n`);
		await run("promtool check config bounded.yml");
	});

	test("configures Alertmanager", async () => {
		await Bun.write(host.file("/root/alertmanager.yml"), `${block("yaml", "telegram_configs").text}\n`);
		expect(await run("amtool check-config alertmanager.yml")).toContain("1 receivers");
	});

	test("composes a container of the executable that is mounted", () => {
		const { services } = Bun.YAML.parse(block("yaml", "services:").text) as {
			services: Record<string, Record<string, unknown>>;
		};
		expect(services).toHaveProperty("dnstt_exporter.network_mode", "host");
		expect(services).toHaveProperty("dnstt_exporter.cap_add", ["NET_RAW"]);
	});

	test("makes certificates and a password that a host's configuration takes", async () => {
		const script = block("sh", "openssl").text;
		const typed = script.replace("htpasswd -nBC", "echo secret | htpasswd -inBC");
		const printed = await run(typed, "/etc/dnstt_exporter");
		const hash = /prometheus:(\S+)/.exec(printed)?.[1] ?? "";
		expect(hash).toStartWith("$2y$10$");
		const config = block("json", "basic-auth").text.replace("$2y$10$...", hash);
		await Bun.write(host.file("/etc/dnstt_exporter/config.json"), config);
		await run("dnstt_exporter check-config --config.file /etc/dnstt_exporter/config.json");
	});

	test("names only commands in its sentences that work", async () => {
		const programs = ["dnstt_exporter", "npm", "systemctl", "timeout", "groupadd", "chgrp", "node_modules/.bin/bun"];
		for (const command of commandsIn(readme, programs)) await runNamed(command);
	}, 120_000);

	async function runNamed(command: string): Promise<void> {
		if (command.startsWith("npm ")) return; // Their scripts are there, by another test; they take minutes.
		if (command.startsWith("timeout")) {
			await run(command.replace("timeout 30", "timeout --preserve-status 1"));
		} else if (command.startsWith("node_modules/")) {
			await run(command, repository);
		} else if (/^dnstt_exporter (discover|top)/.test(command)) {
			await run(`${command.replace(" FILE", "")} --help`);
		} else {
			await run(command);
		}
	}

	test("has no block of code that is not tried here", () => {
		const others = blocks.filter((candidate) => !used.has(candidate)).map(({ text }) => text.split("\n")[0]);
		expect(others).toEqual([
			"dpkg -i dnstt_exporter_1.0.0_amd64.deb", // In a root of its own, with the package of the release.
			"# npm test", // Which is what runs this.
		]);
	});
});
