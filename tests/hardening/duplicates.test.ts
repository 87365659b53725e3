import { describe, expect, test } from "bun:test";
import { type Samples, startExporter } from "../support/exporter.ts";
import { dnsttQuery, randomBytes, seededRandom } from "../support/frames.ts";
import { haveNetns, makeNetwork, type Namespace, type Network } from "../support/netns.ts";
import { until } from "../support/process.ts";
import { exchangeUdp, forwardUdp, serveUdp } from "../support/udp.ts";

/** A client, a host that routes or listens, and a container behind a bridge of that host. */
interface Hosts {
	readonly client: Namespace;
	readonly host: Namespace;
	readonly container: Namespace;
}

const hostAddress = "10.88.1.1";

function makeHosts(network: Network): Hosts {
	const [client, host, container] = ["client", "host", "container"].map((label) => network.namespace(label)) as [
		Namespace,
		Namespace,
		Namespace,
	];
	network.veth(
		{ namespace: client, interfaceName: "e0", addresses: ["10.88.1.2/24"] },
		{ namespace: host, interfaceName: "e0", addresses: [`${hostAddress}/24`] },
	);
	network.veth(
		{ namespace: host, interfaceName: "veth0" },
		{ namespace: container, interfaceName: "e0", addresses: ["10.88.2.2/24"] },
	);
	const bridged = ["10.88.2.1/24"];
	network.bridge({ namespace: host, interfaceName: "docker0", addresses: bridged }, ["veth0"]);
	host.sysctl("net.ipv4.ip_forward=1");
	client.ip("route", "add", "default", "via", hostAddress);
	container.ip("route", "add", "default", "via", "10.88.2.1");
	return { client, host, container };
}

/** As docker publishes a port: the destination becomes the container's; `masquerade` hides the resolver behind the host. */
const dockerRules = (masquerade: boolean) => `
	table ip nat {
		chain prerouting { type nat hook prerouting priority dstnat; ip daddr ${hostAddress} udp dport 53 dnat to 10.88.2.2:5300; }
		chain postrouting { type nat hook postrouting priority srcnat; ${masquerade ? 'oifname "docker0" masquerade;' : ""} }
	}
`;

const random = seededRandom(11);
const messages = 25;
/** Queries of different clients, and each a second time as a resolver repeats it that got no answer. */
const distinct = Array.from({ length: messages }, (_, id) => dnsttQuery({ clientId: randomBytes(random, 8), id }));
const repeated = distinct.flatMap((query) => [query, query]);

const way = (address: string) => ({ address, port: 53 });

/** A new bridge takes a second to have its carrier, and neighbours to find each other, before nothing is lost any more. */
async function warmUp(hosts: Hosts, address: string): Promise<void> {
	await until(
		async () => {
			const answers = await exchangeUdp(hosts.client, way(address), distinct.slice(0, 3));
			return answers.every((answer) => answer !== undefined) ? true : undefined;
		},
		() => `answers from ${address}`,
	);
}

/** Sends the queries and compares what the exporter counted with what really went to and fro. */
async function countsOnce(hosts: Hosts, interfaceName: string, address: string): Promise<void> {
	await warmUp(hosts, address);
	const flags = ["--dnstt.domain=t.example.com", "--dnstt.port=53,5300", `--capture.interface=${interfaceName}`];
	await using exporter = await startExporter({ flags, namespace: hosts.host });
	const answers = await exchangeUdp(hosts.client, way(address), repeated);
	const answered = answers.filter((answer) => answer !== undefined);
	expect(answered).toHaveLength(repeated.length);
	const bytesOut = answered.reduce((sum, answer) => sum + answer.length, 0);
	const figures = (read: Samples) => ({
		queries: read.sum("dnstt_queries_total"),
		bytesIn: read.sum("dnstt_bytes_in_total"),
		sessions: read.sum("dnstt_sessions_total"),
		bytesOut: read.sum("dnstt_bytes_out_total"),
	});
	await exporter.metricsWhen((read) => figures(read).queries >= repeated.length && figures(read).bytesOut >= bytesOut);
	// A copy that was counted might come a block later.
	await Bun.sleep(250);
	const samples = await exporter.metrics();
	expect(figures(samples)).toEqual({
		queries: repeated.length,
		bytesIn: repeated.reduce((sum, query) => sum + query.length, 0),
		sessions: messages,
		bytesOut,
	});
}

describe.skipIf(!haveNetns())("each message counts once, and a repeated query again", () => {
	for (const masquerade of [false, true]) {
		describe(`a container behind a bridge and DNAT 53 -> 5300, ${masquerade ? "with" : "without"} masquerade`, () => {
			for (const interfaceName of ["any", "e0", "docker0", "veth0"]) {
				test(`on ${interfaceName}`, async () => {
					using network = makeNetwork();
					const hosts = makeHosts(network);
					hosts.host.nft(dockerRules(masquerade));
					await serveUdp(hosts.container, 5300);
					await countsOnce(hosts, interfaceName, hostAddress);
				});
			}
		});
	}

	for (const interfaceName of ["any", "e0"]) {
		test(`iptables REDIRECT 53 -> 5300, on ${interfaceName}`, async () => {
			using network = makeNetwork();
			const hosts = makeHosts(network);
			const match = ["-i", "e0", "-p", "udp", "--dport", "53"];
			hosts.host.iptables("-t", "nat", "-A", "PREROUTING", ...match, "-j", "REDIRECT", "--to-ports", "5300");
			await serveUdp(hosts.host, 5300);
			await countsOnce(hosts, interfaceName, hostAddress);
		});

		test(`a router, on ${interfaceName}`, async () => {
			using network = makeNetwork();
			const hosts = makeHosts(network);
			await serveUdp(hosts.container, 53);
			await countsOnce(hosts, interfaceName, "10.88.2.2");
		});

		test(`a forwarder of the host, which asks the container under other ids, on ${interfaceName}`, async () => {
			using network = makeNetwork();
			const hosts = makeHosts(network);
			await serveUdp(hosts.container, 5300);
			await forwardUdp(hosts.host, 53, { address: "10.88.2.2", port: 5300 });
			await countsOnce(hosts, interfaceName, hostAddress);
		});

		test(`a server of the host itself, on ${interfaceName}`, async () => {
			using network = makeNetwork();
			const hosts = makeHosts(network);
			await serveUdp(hosts.host, 53);
			await countsOnce(hosts, interfaceName, hostAddress);
		});
	}

	for (const [where, server] of [
		["another address", { address: "127.0.0.2", port: 53 }],
		["another port", { address: "127.0.0.1", port: 5300 }],
	] as const) {
		test(`dnsmasq before a server on ${where}, on any`, async () => {
			using network = makeNetwork();
			const hosts = makeHosts(network);
			await serveUdp(hosts.host, server.port, server.address);
			const listen = ["--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--user=root", "--no-resolv"];
			const cache = ["--cache-size=0", "--bind-interfaces", `--listen-address=${hostAddress}`, "--no-hosts"];
			hosts.host.spawn(["dnsmasq", ...listen, ...cache, `--server=${server.address}#${server.port}`]);
			await countsOnce(hosts, "any", hostAddress);
		});
	}

	test("both ends on one host, over loopback, on any and on lo", async () => {
		for (const interfaceName of ["any", "lo"]) {
			using network = makeNetwork();
			const hosts = makeHosts(network);
			await serveUdp(hosts.host, 53);
			await countsOnce({ ...hosts, client: hosts.host }, interfaceName, "127.0.0.1");
		}
	});
});
