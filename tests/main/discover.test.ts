/** `discover` of the executable on live traffic, and what the running exporter says where nothing comes for its domains. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Status } from "../../src/status/status.ts";
import { startAnswering, startAsking } from "../support/exchange.ts";
import { type Exporter, exporterCommand, runExporter, startExporter } from "../support/exporter.ts";
import { dnsttQuery, dnsttResponse, kcpCommands, kcpSegment } from "../support/frames.ts";
import { haveNetns, makeNetwork, type Namespace, type Network } from "../support/netns.ts";
import { ended, until } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { vaydnsQuery, vaydnsResponse } from "../support/vaydns.ts";
import { capturePath } from "./captures.ts";

test("of a capture on standard input", async () => {
	const stdin = await Bun.file(capturePath("vaydns/a")).bytes();
	const { code, stdout, stderr } = await runExporter(["discover", "-"], { stdin });
	expect([code, stderr]).toEqual([0, expect.stringMatching(/^Looked at 1,479 packets in standard input,/)]);
	expect(JSON.parse(stdout)).toEqual({
		dnstt: { port: [53] },
		vaydns: { domain: [{ name: "t.example.com", "record-type": "a" }] },
	});
});

describe.skipIf(!haveNetns())("live", () => {
	let network: Network;
	let host: Namespace;
	let clients: Namespace;

	beforeAll(() => {
		network = makeNetwork();
		host = network.namespace("host");
		clients = network.namespace("clients");
		for (const [index, name] of ["eth0", "eth1"].entries())
			network.veth(
				{ namespace: host, interfaceName: name, addresses: [`10.77.${index + 2}.1/24`] },
				{ namespace: clients, interfaceName: `wan${index}`, addresses: [`10.77.${index + 2}.2/24`] },
			);
	});
	afterAll(() => network?.remove());

	const clientId = Uint8Array.of(0x5e, 0x17, 0xab, 0x3c, 0x77, 0x91, 0x20, 0xd4);
	const segment = kcpSegment({ command: kcpCommands.push, sequence: 1, data: new Uint8Array(12) });
	const dnstt = (domain = "t.example.com") => {
		const query = dnsttQuery({ clientId, packets: [segment], domain });
		return { query, response: dnsttResponse(query, [segment]) };
	};
	const vaydns = () => {
		const domain = "v.example.com";
		const query = vaydnsQuery({ clientId: clientId.subarray(0, 4), packets: [segment], recordType: "mx", domain });
		return { query, response: vaydnsResponse(query, "mx", [segment], domain) };
	};

	/** Ten exchanges a second between a client and a server, until it is killed. */
	function exchange({ query, response }: ReturnType<typeof dnstt>, port: number, address = "10.77.2.1"): Disposable {
		const children = [
			startAnswering(host, address, port, response),
			startAsking(clients, address.replace(/1$/, "2"), address, port, query),
		];
		return {
			[Symbol.dispose]() {
				for (const child of children) child.kill("SIGKILL");
			},
		};
	}

	test("tunnels on several ports are found, and the configuration that is written watches them", async () => {
		using folder = temporaryFolder();
		using _first = exchange(dnstt(), 53);
		using _second = exchange(vaydns(), 5_300);
		await Bun.sleep(500);
		const words = [...exporterCommand(), "discover", "--seconds", "3"];
		const child = host.spawn(["sh", "-c", 'exec "$@" > "$0"', folder.file("config.json"), ...words]);
		const { code, stderr } = await ended(child);
		expect([code, stderr]).toEqual([0, expect.stringContaining("packets in 3 s on all interfaces, ")]);
		expect(stderr).toMatch(/^t\.example\.com +53 +dnstt +txt +8 +[1-9]\d* +1 +[1-9]\d*$/m);
		expect(stderr).toMatch(/^v\.example\.com +5300 +VayDNS +mx +4 +[1-9]\d* +1 +[1-9]\d*$/m);
		const file = `--config.file=${folder.file("config.json")}`;
		expect(await runExporter(["check-config", file])).toMatchObject({ code: 0, stderr: "OK\n" });
		await using exporter = await startExporter({ flags: [file], namespace: host });
		await exporter.metricsWhen((samples) =>
			["t.example.com", "v.example.com"].every((domain) => samples.sum("dnstt_queries_total", { domain }) > 5),
		);
		for (const text of [stderr, await Bun.file(folder.file("config.json")).text()])
			expect(text).not.toMatch(/10\.77|5e17|5617|6cl2w|[a-z2-7]{20}/i);
	}, 60_000);

	test("a signal ends it early with what was found, and where there is nothing it ends with 1", async () => {
		const command = [...exporterCommand(), "discover", "--seconds=60"];
		{
			using _exchange = exchange(dnstt(), 53);
			const child = host.spawn(command);
			await Bun.sleep(3_000);
			child.kill("SIGINT");
			const { code, stdout, stderr } = await ended(child);
			expect([code, JSON.parse(stdout).dnstt.domain]).toEqual([0, ["t.example.com"]]);
			expect(stderr).toMatch(/ in \d s on all interfaces/);
		}
		const nothing = await ended(host.spawn([...exporterCommand(), "discover", "--seconds=1"]));
		expect(nothing).toMatchObject({ code: 1, stdout: "" });
		expect(nothing.stderr).toMatch(/^dnstt_exporter: no tunnel was recognised among \d+ packets? in 1 s on all /);
	}, 60_000);

	test("without permission it says how to get it", async () => {
		const child = host.spawn(["setpriv", "--reuid=65534", "--clear-groups", ...exporterCommand(), "discover"]);
		expect(await ended(child)).toMatchObject({
			code: 1,
			stdout: "",
			stderr: expect.stringMatching(/^dnstt_exporter: no permission to capture on any: run as root/),
		});
	});

	test("a running exporter names what came instead: another domain, port or interface, until something comes", async () => {
		const start = (flags: readonly string[], port: number): Promise<Exporter> =>
			startExporter({ flags, namespace: host, listenAddress: `127.0.0.1:${port}` });
		const domain = "--dnstt.domain=t.example.com";
		using other = exchange(dnstt(), 5_301, "10.77.3.1");
		await using wrongDomain = await start(["--dnstt.domain=wrong.example", "--dnstt.port=5301"], 9_713);
		await using wrongPort = await start([domain], 9_714);
		await using wrongInterface = await start([domain, "--dnstt.port=5301", "--capture.interface=eth0"], 9_715);
		const looksLike = "Looks like dnstt under t.example.com on port 5301";
		const flags = "--dnstt.domain t.example.com --dnstt.port 5301";
		const rows = [
			[wrongDomain, `${looksLike}: ${flags}.`],
			[wrongPort, `${looksLike}: ${flags}.`],
			[wrongInterface, `${looksLike} on eth1: ${flags} --capture.interface any.`],
		] as const;
		const conditions = async (exporter: Exporter) =>
			((await (await exporter.get("/status.json")).json()) as Status).conditions;
		for (const [exporter, text] of rows) {
			const found = await until(
				async () => (await conditions(exporter)).find(({ remedy }) => remedy.includes("Looks like")),
				() => exporter.stderr(),
				75_000,
			);
			expect([found.id, found.remedy]).toEqual(["nothing_yet", expect.stringContaining(text)]);
			const top = await ended(host.spawn([...exporterCommand(), "top", `--url=${exporter.url}`]));
			expect(top.stdout.replaceAll(/\s+/g, " ")).toContain(text);
			expect(await (await exporter.get("/")).text()).toContain(text);
			await until(
				() => exporter.stderr().match(/msg="condition began" condition=nothing_yet .*Looks like/) ?? undefined,
				() => exporter.stderr(),
				30_000,
			);
		}
		for (const [exporter] of rows)
			expect(exporter.stderr() + (await (await exporter.get("/status.json")).text())).not.toMatch(
				/10\.77|5e17ab|[a-z2-7]{30}/i,
			);

		// It was the server that listened on the wrong port.
		using _server = exchange(dnstt(), 53);
		await until(
			async () => ((await conditions(wrongPort)).every(({ id }) => id !== "nothing_yet") ? true : undefined),
			() => wrongPort.stderr(),
			30_000,
		);
		await until(
			() => wrongPort.stderr().match(/level=info msg="condition ended" condition=nothing_yet/) ?? undefined,
			() => wrongPort.stderr(),
			30_000,
		);
		expect((await conditions(wrongDomain)).map(({ id }) => id)).toEqual(["nothing_yet"]);
		other[Symbol.dispose]();
	}, 240_000);
});
