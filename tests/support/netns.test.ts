import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { dnsttQuery, packetsOf, randomBytes, rewrap, rewrappings, seededRandom } from "./frames.ts";
import { haveNetns, makeNetwork, type Namespace, type Network } from "./netns.ts";
import { readPcap, readPcapFile } from "./pcapfile.ts";
import { ended, runCommand, until } from "./process.ts";
import { temporaryFolder } from "./temporary.ts";
import { exchangeUdp, serveUdp } from "./udp.ts";

const withoutNetns = !haveNetns();
const namespaces = () => Bun.spawnSync(["ip", "netns", "list"]).stdout.toString();

/** Starts tcpdump in a namespace; the function that it gives ends it and reads what it saw. */
async function tcpdump(namespace: Namespace, interfaceName: string) {
	const folder = temporaryFolder();
	const file = folder.file("out.pcap");
	// libpcap 1.10 refuses to compile `vlan` for LINUX_SLL2.
	const filter = interfaceName === "any" ? "udp" : "udp or vlan";
	const options = ["-n", "-U", "--immediate-mode", "-Z", "root", "-i", interfaceName, "-w", file];
	const child = namespace.spawn(["tcpdump", ...options, filter]);
	await until(
		() => {
			if (child.exitCode() !== null) throw new Error(child.stderr());
			return child.stderr().includes("listening on") ? true : undefined;
		},
		() => `tcpdump: ${child.stderr()}`,
	);
	return async (frames: number) => {
		await until(
			async () =>
				(await Bun.file(file).exists()) && countRecords(await Bun.file(file).bytes()) >= frames ? true : undefined,
			() => `${frames} frames on ${interfaceName}`,
		);
		child.kill("SIGINT");
		await ended(child);
		const capture = readPcap(await Bun.file(file).bytes());
		folder[Symbol.dispose]();
		return capture.records;
	};
}

function countRecords(file: Uint8Array): number {
	try {
		return readPcap(file).records.length;
	} catch {
		return 0; // In the middle of a write.
	}
}

/** client -- router -- server, the router with NAT rules of the test's choice. */
function routed(network: Network) {
	const [client, router, server] = [
		network.namespace("client"),
		network.namespace("router"),
		network.namespace("server"),
	];
	network.veth(
		{ namespace: client, interfaceName: "e0", addresses: ["10.77.1.2/24"] },
		{ namespace: router, interfaceName: "e0", addresses: ["10.77.1.1/24"] },
	);
	network.veth(
		{ namespace: router, interfaceName: "e1" },
		{ namespace: server, interfaceName: "e0", addresses: ["10.77.2.2/24"] },
	);
	network.bridge({ namespace: router, interfaceName: "br0", addresses: ["10.77.2.1/24"] }, ["e1"]);
	router.sysctl("net.ipv4.ip_forward=1");
	client.ip("route", "add", "default", "via", "10.77.1.1");
	server.ip("route", "add", "default", "via", "10.77.2.1");
	return { client, router, server };
}

const query = dnsttQuery({ clientId: randomBytes(seededRandom(1), 8) });

describe("network namespaces", () => {
	test.skipIf(withoutNetns)(
		"are gone at the end of the scope, with what ran in them, also after an exception",
		async () => {
			let name = "";
			let child: { exited: Promise<number> } | undefined;
			expect(() => {
				using network = makeNetwork();
				const namespace = network.namespace("gone");
				name = namespace.name;
				child = namespace.spawn(["sleep", "100"]);
				expect(namespaces()).toContain(name);
				throw new Error("in the middle of a test");
			}).toThrow("in the middle");
			expect(namespaces()).not.toContain(name);
			expect(await child?.exited).toBe(137);
		},
	);

	test.skipIf(withoutNetns)("are gone when the process exits without removing them", async () => {
		const script = `import { makeNetwork } from ${JSON.stringify(join(import.meta.dir, "netns.ts"))};
			console.log(makeNetwork().namespace("exit").name); process.exit(3);`;
		const { code, stdout } = await runCommand([process.execPath, "-e", script]);
		expect(code).toBe(3);
		expect(stdout).toContain("-exit");
		expect(namespaces()).not.toContain(stdout.trim());
	});

	test.skipIf(withoutNetns)("of a killed process are removed by the next one", async () => {
		const script = `import { makeNetwork } from ${JSON.stringify(join(import.meta.dir, "netns.ts"))};
			console.log(makeNetwork().namespace("killed").name); process.kill(process.pid, "SIGKILL");`;
		const { stdout } = await runCommand([process.execPath, "-e", script]);
		expect(namespaces()).toContain(stdout.trim());
		await runCommand([
			process.execPath,
			"-e",
			script.replace('process.kill(process.pid, "SIGKILL")', "process.exit()"),
		]);
		expect(namespaces()).not.toContain(stdout.trim());
	});

	test.skipIf(withoutNetns)("take children of children with them", async () => {
		let pid = 0;
		{
			using network = makeNetwork();
			const child = network.namespace("family").spawn(["setsid", "sh", "-c", "sleep 100 & echo $!; wait"]);
			pid = Number(await until(() => (child.stdout().endsWith("\n") ? child.stdout() : undefined), child.stderr));
			expect(process.kill(pid, 0)).toBe(true);
		}
		await until(
			() =>
				Bun.spawnSync(["ps", "-o", "stat=", "-p", String(pid)])
					.stdout.toString()
					.match(/^[^Z]/)
					? undefined
					: true,
			() => `process ${pid} ends`,
		);
	});

	test.skipIf(withoutNetns)("a command that fails says what it was and what it complained of", () => {
		using network = makeNetwork();
		expect(() => network.namespace("a").run("ls", "/does/not/exist")).toThrow(
			/^ip netns exec .* ls .* ended with 2: .*exist/,
		);
	});
});

describe("frames sent into a veth pair come out of it", () => {
	for (const title of ["Ethernet, IPv4", "Ethernet, QinQ 0x88a8 + 0x8100, IPv6 with fragment"]) {
		test.skipIf(withoutNetns)(title, async () => {
			using network = makeNetwork();
			const [a, b] = [network.namespace("a"), network.namespace("b")];
			network.veth({ namespace: a, interfaceName: "e0" }, { namespace: b, interfaceName: "e0" });
			const rewrapping = rewrappings.find((row) => row.title === title);
			if (rewrapping === undefined) throw new Error(title);
			const recorded = packetsOf(await readPcapFile("tests/captures/direct-ipv4.pcap")).slice(0, 100);
			const records = rewrap(recorded, rewrapping);
			const seen = await tcpdump(b, "e0");
			await a.sendFrames(records, "e0", 2000);
			expect((await seen(100)).map(({ bytes }) => bytes)).toEqual(records.map(({ bytes }) => bytes));
		});
	}
});

describe("NAT between namespaces", () => {
	test.skipIf(withoutNetns)(
		"a port published as docker does it (DNAT to a host behind a bridge) is answered",
		async () => {
			using network = makeNetwork();
			const { client, router, server } = routed(network);
			router.nft(`table ip nat { chain prerouting { type nat hook prerouting priority dstnat;
			ip daddr 10.77.1.1 udp dport 53 dnat to 10.77.2.2:5300
		}; }`);
			await serveUdp(server, 5300);
			const seen = await tcpdump(router, "any");
			const [answer] = await exchangeUdp(client, { address: "10.77.1.1", port: 53 }, [query]);
			expect(answer?.[2]).toBe(0x85);
			// The query on e0, br0 and e1, and the response on the same three: what an exporter on `any` must count once.
			expect((await seen(6)).length).toBe(6);
		},
	);

	test.skipIf(withoutNetns)("iptables REDIRECT from port 53 to 5300 is answered", async () => {
		using network = makeNetwork();
		const { client, router } = routed(network);
		const redirect = ["-j", "REDIRECT", "--to-ports", "5300"];
		router.iptables("-t", "nat", "-A", "PREROUTING", "-i", "e0", "-p", "udp", "--dport", "53", ...redirect);
		await serveUdp(router, 5300);
		const answers = await exchangeUdp(client, { address: "10.77.1.1", port: 53 }, [query, query]);
		expect(answers.map((answer) => answer?.length)).toEqual([answers[0]?.length ?? -1, answers[0]?.length ?? -1]);
	});

	test.skipIf(withoutNetns)("a port without a server gives no answer", async () => {
		using network = makeNetwork();
		const { client } = routed(network);
		expect(await exchangeUdp(client, { address: "10.77.1.1", port: 53 }, [query])).toEqual([undefined]);
	});
});

describe("HTTP inside a namespace", () => {
	test.skipIf(withoutNetns)("status, headers and body come back", async () => {
		using network = makeNetwork();
		const namespace = network.namespace("web");
		const script = `Bun.serve({ port: 8080, fetch: (request) => new Response(request.method + new URL(request.url).pathname,
			{ status: 404, headers: { "x-a": "b: c" } }) }); console.log("ready")`;
		const child = namespace.spawn([process.execPath, "-e", script]);
		await until(() => (child.stdout() === "" ? undefined : true), child.stderr);
		const response = await namespace.fetch("http://127.0.0.1:8080/path", ["--request", "PUT"]);
		expect([response.status, response.headers.get("x-a"), await response.text()]).toEqual([404, "b: c", "PUT/path"]);
		await expect(namespace.fetch("http://127.0.0.1:8081/")).rejects.toThrow("curl");
	});
});
