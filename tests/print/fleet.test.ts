/** Two hosts and one Prometheus, with TLS and basic auth, as tests/print/fleet.yml and the README have it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { scrapeJob } from "../../src/print/recording-rules.ts";
import { prometheusRules } from "../../src/print/rules.ts";
import { exporterCommand } from "../support/exporter.ts";
import { dnsttQuery, ethernetFrame, udpPacket } from "../support/frames.ts";
import { haveNetns, makeNetwork, type Namespace, type Network } from "../support/netns.ts";
import { type Child, runCommand, until } from "../support/process.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary.ts";
import { type Prometheus, startPrometheus } from "./prometheus.ts";

/** Debian's packages are installed by tools.ts where that may be; a run names what it skipped. Namespaces need root. */
const missing = ["prometheus", "openssl", "unshare"].some((program) => Bun.which(program) === null);
const domain = "t.example.com";
const password = "correct horse battery staple";
const scrapeConfig = await Bun.file(resolve(import.meta.dir, "fleet.yml")).text();

/** A private key and a certificate; signed by `authority`, else by itself. */
async function makeCertificate(folder: TemporaryFolder, name: string, authority?: string): Promise<void> {
	const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
	const files = ["-keyout", folder.file(`${name}.key`), "-out", folder.file(`${name}.pem`)];
	const subject = [
		"-subj",
		`/CN=${name}`,
		...(authority === undefined ? [] : ["-addext", `subjectAltName=DNS:${name}`]),
	];
	const signer =
		authority === undefined ? [] : ["-CA", folder.file(`${authority}.pem`), "-CAkey", folder.file(`${authority}.key`)];
	const { code, stderr } = await runCommand(["openssl", "req", "-x509", ...key, ...signer, ...subject, ...files]);
	if (code !== 0) throw new Error(stderr);
}

interface Host {
	readonly namespace: Namespace;
	readonly exporter: Child;
}

describe.skipIf(missing || !haveNetns())("a fleet of two hosts", () => {
	let network: Network;
	let folder: TemporaryFolder;
	let prometheus: Prometheus;
	let watcher: Namespace;
	const hosts: Host[] = [];

	/** A host that the Prometheus reaches at 192.0.2.N, with an exporter on it that captures on eth1. */
	async function startHost(number: number, hash: string): Promise<void> {
		const name = `vps${number}.example.com`;
		await makeCertificate(folder, name, "ca");
		await Bun.write(
			folder.file(`${name}.json`),
			JSON.stringify({
				dnstt: { domain: [domain] },
				capture: { interface: "eth1" },
				web: {
					"listen-address": ":9713",
					tls: { "certificate-file": folder.file(`${name}.pem`), "key-file": folder.file(`${name}.key`) },
					"basic-auth": { prometheus: hash },
				},
				process: { user: "root" },
			}),
		);
		const namespace = network.namespace(`vps${number}`);
		network.veth(
			{ namespace, interfaceName: "eth0", addresses: [`192.0.2.${number}/24`] },
			{ namespace: watcher, interfaceName: `to${number}`, addresses: [`192.0.2.10${number}/32`] },
		);
		watcher.ip("route", "add", `192.0.2.${number}/32`, "dev", `to${number}`, "src", `192.0.2.10${number}`);
		network.veth({ namespace, interfaceName: "eth1" }, { namespace, interfaceName: "wan0" });
		const exporter = namespace.spawn([...exporterCommand(), "--config.file", folder.file(`${name}.json`)]);
		hosts.push({ namespace, exporter });
	}

	/** One query of each of `clients` clients, whose ids are of this host alone. */
	function sendQueries(number: number, clients: number): Promise<void> | undefined {
		const frames = Array.from({ length: clients }, (_, client) => {
			const payload = dnsttQuery({ clientId: Uint8Array.of(0, 0, 0, 0, 0, 0, number, client), domain });
			const ends = { source: "198.51.100.7", destination: "198.51.100.99", sourcePort: 4_000, destinationPort: 53 };
			return { timeNs: 0n, bytes: ethernetFrame(udpPacket({ ...ends, payload })) };
		});
		return hosts[number - 1]?.namespace.sendFrames(frames, "wan0");
	}

	beforeAll(async () => {
		network = makeNetwork();
		folder = temporaryFolder();
		watcher = network.namespace("watch");
		const hash = await Bun.password.hash(password, { algorithm: "bcrypt", cost: 4 });
		await makeCertificate(folder, "ca");
		for (const number of [1, 2]) await startHost(number, hash);
		await Bun.write(folder.file("hosts"), "192.0.2.1 vps1.example.com\n192.0.2.2 vps2.example.com\n");
		await Bun.write(folder.file("password"), password);
		await Bun.write(folder.file("dnstt.rules.yml"), prometheusRules());
		// What the README has, but for a test's patience.
		await Bun.write(folder.file("prometheus.yml"), scrapeConfig.replaceAll("15s", "1s"));
		for (const { exporter } of hosts) {
			await until(
				() => (exporter.stderr().includes("serving") ? true : undefined),
				() => exporter.stderr(),
			);
		}
		const withHosts = 'mount --bind "$0" /etc/hosts && exec "$@"';
		prometheus = await startPrometheus({
			...{ configFile: folder.file("prometheus.yml"), namespace: watcher, port: 9090 },
			wrapper: ["unshare", "--mount", "sh", "-c", withHosts, folder.file("hosts")],
		});
		await Promise.all([sendQueries(1, 3), sendQueries(2, 2)]);
	}, 40_000);
	afterAll(async () => {
		await prometheus?.[Symbol.asyncDispose]();
		network?.remove();
		folder?.[Symbol.dispose]();
	});

	test("the scrape configuration has the job that the rules ask for", () => {
		expect(scrapeConfig).toContain(`job_name: ${scrapeJob} `);
	});

	test("both exporters are scraped over TLS with the password", async () => {
		await prometheus.when(`sum(up{job="${scrapeJob}"})`, (value) => value === 2);
		const up = await prometheus.query(`up{job="${scrapeJob}"}`);
		expect(up.map(({ labels }) => labels.instance).toSorted()).toEqual([
			"vps1.example.com:9713",
			"vps2.example.com:9713",
		]);
	});

	test("without the password there is nothing to see", async () => {
		const tls = ["--cacert", folder.file("ca.pem"), "--resolve", "vps1.example.com:9713:192.0.2.1"];
		const url = "https://vps1.example.com:9713/metrics";
		expect((await watcher.fetch(url, tls)).status).toBe(401);
		expect((await watcher.fetch(url, [...tls, "--user", `prometheus:${password}`])).status).toBe(200);
	});

	test("the rules add the hosts up by domain", async () => {
		const { labels } = await prometheus.when("domain:dnstt_active_clients:sum", (value) => value === 5);
		expect(labels).toEqual({ domain });
		const each = await prometheus.query("dnstt_active_clients");
		expect(Object.fromEntries(each.map(({ labels, value }) => [labels.instance, value]))).toEqual({
			"vps1.example.com:9713": 3,
			"vps2.example.com:9713": 2,
		});
	});

	test("a host that is down is seen by its name, while the other goes on", async () => {
		hosts[1]?.exporter.kill("SIGTERM");
		const { labels } = await prometheus.when(`up{job="${scrapeJob}"} == 0`, () => true);
		expect(labels.instance).toBe("vps2.example.com:9713");
		const [alert] = await prometheus.query('ALERTS{alertname="DnsttExporterDown"}');
		const pending = alert ?? (await prometheus.when('ALERTS{alertname="DnsttExporterDown"}', () => true));
		expect(pending.labels).toMatchObject({ alertstate: "pending", instance: "vps2.example.com:9713" });
		expect(await prometheus.query(`up{job="${scrapeJob}"} == 1`)).toHaveLength(1);
	});
});
