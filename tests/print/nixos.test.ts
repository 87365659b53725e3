import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { loadConfig } from "../../src/config/config.ts";
import { configKeys } from "../../src/config/keys.ts";
import { nixosModule } from "../../src/print/nixos.ts";
import { systemdUnit } from "../../src/print/unit.ts";
import { runCommand } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";

interface Evaluated {
	readonly networking?: { readonly firewall: { readonly allowedTCPPorts?: readonly number[] } };
	readonly systemd?: {
		readonly services: {
			readonly "prometheus-dnstt-exporter": {
				readonly wantedBy: readonly string[];
				readonly serviceConfig: Readonly<Record<string, string | readonly string[]>>;
			};
		};
	};
}

/** Runs nix-instantiate on the module, with nothing of a Nix installation but the program. */
async function instantiate(words: (module: string) => readonly string[]) {
	using folder = temporaryFolder();
	await Bun.write(folder.file("module.nix"), nixosModule());
	const env = { HOME: folder.path, NIX_CONF_DIR: folder.path, NIX_REMOTE: "dummy://" };
	return await runCommand(["nix-instantiate", ...words(folder.file("module.nix"))], { env });
}

/** What the module makes of option values, written in Nix. */
async function evaluate(values: string): Promise<Evaluated> {
	const stub = resolve(import.meta.dir, "stub.nix");
	const { code, stdout, stderr } = await instantiate((module) => [
		...["--eval", "--strict", "--json", "--expr"],
		`import ${stub} { module = import ${module}; values = ${values}; }`,
	]);
	if (code !== 0) throw new Error(stderr);
	return JSON.parse(stdout);
}

function service(evaluated: Evaluated) {
	const config = evaluated.systemd?.services["prometheus-dnstt-exporter"].serviceConfig;
	if (config === undefined) throw new Error("no service");
	return config;
}

/** The configuration file that the service is started with, as the program reads it. */
function configOf(evaluated: Evaluated) {
	const [, text = ""] =
		/^\/package\/bin\/dnstt_exporter --config\.file=dnstt_exporter\.json:(.*)$/s.exec(
			String(service(evaluated).ExecStart),
		) ?? [];
	const flags = { values: new Map(), file: "config.json", problems: [] };
	return loadConfig({ flags, env: {}, readFile: () => text, domainRequired: false }).config;
}

describe.skipIf(Bun.which("nix-instantiate") === null)("the NixOS module", () => {
	test("parses", async () => {
		expect(await instantiate((module) => ["--parse", module])).toMatchObject({ code: 0 });
	});

	test("does nothing unless it is enabled", async () => {
		expect(await evaluate("{ }")).toEqual({});
	});

	test("has the program's own defaults", async () => {
		const withoutFile = loadConfig({
			...{ flags: { values: new Map(), problems: [] }, env: {}, domainRequired: false },
			readFile: () => "",
		}).config;
		expect(configOf(await evaluate("{ enable = true; }"))).toEqual(withoutFile);
	});

	test("writes what is set into the configuration file", async () => {
		const config = configOf(
			await evaluate(`{
				enable = true;
				settings = {
					dnstt = { domain = [ "t.example.com" "u.example.com" ]; port = [ 53 5300 ]; };
					vaydns.domain = [ "v.example.com" { name = "a.example.com"; record-type = "a"; } ];
					capture = { interface = "eth0"; promiscuous = true; };
					session.active-window = "1m";
					geoip.country-database = "/var/lib/GeoIP/country.mmdb";
					web.tls = { certificate-file = "/run/cert.pem"; key-file = "/run/key.pem"; };
					log.level = "warn";
				};
			}`),
		);
		expect(config).toMatchObject({
			dnstt: { domains: ["t.example.com", "u.example.com"], ports: [53, 5300] },
			vaydns: {
				domains: [
					{ name: "v.example.com", own: {} },
					{ name: "a.example.com", own: { "record-type": "a" } },
				],
			},
			capture: { interface: "eth0", promiscuous: true },
			session: { activeWindowMs: 60_000 },
			geoip: { countryDatabase: "/var/lib/GeoIP/country.mmdb", asnDatabase: null },
			web: { tls: { certificateFile: "/run/cert.pem", keyFile: "/run/key.pem" } },
			log: { level: "warn" },
		});
	});

	test.each([
		["settings.dnstt.prot = [ 53 ];", "dnstt.settings.dnstt: no such option: prot"],
		["settings.dnstt.port = [ 65536 ];", "dnstt.settings.dnstt.port: not of its type"],
		['settings.log.level = "loud";', "dnstt.settings.log.level: not of its type"],
		["settings.session.max-tracked = 0;", "dnstt.settings.session.max-tracked: not of its type"],
	])("refuses %s", async (line, complaint) => {
		await expect(evaluate(`{ enable = true; ${line} }`)).rejects.toThrow(complaint);
	});

	test("has an option for every key of the configuration, and its description", () => {
		const text = nixosModule();
		for (const { path, description } of configKeys) {
			expect(text).toContain(`\t${path.at(-1)} = mkOption {`);
			expect(text).toContain(description.slice(0, 40));
		}
		expect(text.split("mkOption {").length - 1).toBe(configKeys.length + 4);
	});

	test("runs the service with every setting of the unit, but for where things are", async () => {
		const got = Object.entries(service(await evaluate("{ enable = true; }"))).flatMap(([name, value]) =>
			[value].flat().map((one) => `${name}=${one}`),
		);
		const [, unit = ""] = systemdUnit().split("[Service]\n");
		const wanted = unit.split("\n").filter((line) => /^[A-Z]\w+=/.test(line) && !/^(ExecStart|WantedBy)=/.test(line));
		expect(got.filter((line) => !line.startsWith("ExecStart=")).toSorted()).toEqual(wanted.toSorted());
	});

	test("opens the firewall for the port that it listens on, and only when told", async () => {
		const listen = 'settings.web.listen-address = "[::]:9999";';
		const open = await evaluate(`{ enable = true; openFirewall = true; ${listen} }`);
		expect(open.networking).toEqual({ firewall: { allowedTCPPorts: [9999] } });
		expect((await evaluate(`{ enable = true; ${listen} }`)).networking).toEqual({ firewall: {} });
	});

	test("takes secrets from a file outside the store", async () => {
		const config = service(await evaluate('{ enable = true; environmentFile = "/run/secrets/dnstt"; }'));
		expect(config.EnvironmentFile).toBe("/run/secrets/dnstt");
	});
});
