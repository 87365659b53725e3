import { describe, expect, test } from "bun:test";
import { discover } from "../../../src/commands/discover/discover.ts";
import { expectedOf, pathOf, recorded } from "../../discovery/discovering.ts";
import { createDependencies } from "../../support/observed.ts";
import { writePcap } from "../../support/pcapfile.ts";
import { plainDnsPackets } from "../../support/plain-dns.ts";
import { temporaryFolder } from "../../support/temporary.ts";

async function run(
	files: readonly string[],
	more: { readonly isScreen?: boolean; readonly isTypedInto?: boolean } = {},
) {
	let output = "";
	let errors = "";
	const code = await discover(
		{ files, seconds: 15 },
		{
			...createDependencies(),
			write(text) {
				output += text;
			},
			writeError(text) {
				errors += text;
			},
			progress: { columns: 80, show() {} },
			stopSignal: () => new Promise(() => {}),
			...{ isScreen: false, isTypedInto: false, ...more },
		},
	);
	return { code, output, errors };
}

const cells = (errors: string) =>
	errors
		.split("\n")
		.filter((line) => line.startsWith("t.example.com "))
		.map((line) => line.split(/ {2,}/));

describe("of files", () => {
	test.each(recorded.map((capture) => [capture.name, capture] as const))(
		"%s, the table has the independent counts, and standard output the configuration alone",
		async (name, capture) => {
			const { code, output, errors } = await run([pathOf(name)]);
			const { tunnel, queries, clients, responses } = expectedOf(capture);
			expect(code).toBe(0);
			expect(cells(errors)).toEqual([
				[
					...["t.example.com", "53", tunnel.wire === "dnstt" ? "dnstt" : "VayDNS", tunnel.recordType],
					...[tunnel.clientIdBytes, queries, clients, responses].map(String),
				],
			]);
			expect(JSON.parse(output).dnstt.port).toEqual([53]);
			expect(errors).not.toContain("{");
		},
	);

	test("on a terminal a line says how to get the file", async () => {
		const { errors } = await run([pathOf("direct-ipv4")], { isScreen: true });
		expect(errors).toEndWith("\nThe configuration for it; with > config.json it goes to that file:\n\n");
	});

	test("two are read as one", async () => {
		const path = pathOf("direct-ipv4");
		const { errors } = await run([path, path]);
		expect(errors).toStartWith("Looked at 2,112 packets in 2 files, 2,112 DNS messages among them.\n");
		expect(cells(errors)[0]?.slice(5)).toEqual(["1056", "3", "1056"].map((text) => Number(text).toLocaleString("en")));
	});

	test("plain DNS ends with 1, no configuration, and one sentence with what was there", async () => {
		using folder = temporaryFolder();
		const records = plainDnsPackets().map((bytes, index) => ({ timeNs: BigInt(index), bytes }));
		await Bun.write(folder.file("plain.pcap"), writePcap({ linkType: 101, records }));
		const { code, output, errors } = await run([folder.file("plain.pcap")]);
		expect([code, output]).toEqual([1, ""]);
		expect(errors).toMatch(
			/^dnstt_exporter: no tunnel was recognised among [\d,]+ packets in .*plain\.pcap, [\d,]+ DNS messages among them\. A tunnel shows when /,
		);
	});

	test("one that cannot be read is reported, and ends with 1, though another holds a tunnel", async () => {
		const { code, output, errors } = await run(["/nowhere/a.pcap", pathOf("direct-ipv4")]);
		expect([code, cells(errors).length]).toEqual([1, 1]);
		expect(errors).toStartWith("dnstt_exporter: /nowhere/a.pcap does not exist; check the path\n");
		expect(JSON.parse(output).dnstt.domain).toEqual(["t.example.com"]);
		expect(await run(["/nowhere/a.pcap"])).toEqual({
			...{ code: 1, output: "", errors: "dnstt_exporter: /nowhere/a.pcap does not exist; check the path\n" },
		});
	});

	test("a terminal as standard input is refused", async () => {
		const { code, errors } = await run(["-"], { isTypedInto: true });
		expect(code).toBe(1);
		expect(errors).toEndWith("as from tcpdump -w - udp | dnstt_exporter discover -\n");
	});
});
