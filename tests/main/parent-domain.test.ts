/** A tunnel's recorded traffic, read with the parent of its domain, is recognised with the flags that fit. */
import { expect, test } from "bun:test";
import { resolve } from "node:path";
import { LinkType } from "../../src/capture/source.ts";
import type { Report } from "../../src/commands/inspect/report.ts";
import { inspectJson } from "../support/exporter.ts";
import { encodeName, packetsOf, takeApart, udpPacket } from "../support/frames.ts";
import { readPcapFile, writePcap } from "../support/pcapfile.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { capturePath, recordedDomain } from "./captures.ts";

const parents = (report: Report) => report.conditions.filter(({ id }) => id === "parent_domain");
const vaydnsPath = (name: string) => resolve(import.meta.dir, `../captures/vaydns/${name}.pcap`);

/** Each with the flags for the domain that its sentence ends with; none for what is no tunnel. */
const captures: readonly (readonly [path: string, flags: string])[] = [
	[capturePath("direct-ipv4"), "--dnstt.domain t.example.com"],
	[capturePath("unbound-0x20-ipv4"), "--dnstt.domain t.example.com"],
	[capturePath("any-sll2-ipv4"), "--dnstt.domain t.example.com"],
	[vaydnsPath("txt"), "--vaydns.domain t.example.com"],
	[vaydnsPath("cname"), "--vaydns.domain t.example.com --vaydns.record-type cname"],
	[vaydnsPath("a"), "--vaydns.domain t.example.com --vaydns.record-type a"],
	[vaydnsPath("unbound-txt-id4-ipv6"), "--vaydns.domain t.example.com --vaydns.clientid-size 4"],
];

test.each(captures)("%s, read with the parent of its domain, is reported with: %s", async (path, flags) => {
	for (const configured of ["--dnstt.domain=example.com", "--vaydns.domain=example.com"]) {
		const [condition, ...more] = parents(await inspectJson<Report>(path, [configured]));
		expect(more).toEqual([]);
		expect(condition?.about).toEqual(["example.com"]);
		expect(condition?.sentence).toStartWith("example.com is the parent of the tunnel's domain: ");
		expect(condition?.sentence).toContain("queries that carry data are of ");
		expect(condition?.sentence).toEndWith(`under t.example.com: ${flags}.`);
	}
});

test.each(captures)("%s, read with its own domain, is not, whatever the format", async (path) => {
	for (const flags of [
		["--dnstt.domain=t.example.com"],
		["--vaydns.domain=t.example.com"],
		["--vaydns.domain=t.example.com", "--vaydns.record-type=a"],
		// The domain of more labels counts.
		["--dnstt.domain=t.example.com,example.com"],
	])
		expect(parents(await inspectJson<Report>(path, flags))).toEqual([]);
});

test("a domain of two labels more is not taken for one of one label more", async () => {
	for (const [path] of captures) expect(parents(await inspectJson<Report>(path, ["--dnstt.domain=com"]))).toEqual([]);
});

test("queries of no tunnel are not", async () => {
	expect(parents(await inspectJson<Report>(capturePath("bent-queries"), ["--dnstt.domain=example.com"]))).toEqual([]);
});

test("where the label is no base32 all queries are refused, and the domain is found all the same", async () => {
	using folder = temporaryFolder();
	const path = folder.file("1.pcap");
	const domain = Buffer.from(encodeName(recordedDomain)).toString("latin1");
	const records = packetsOf(await readPcapFile(capturePath("direct-ipv4"))).map(({ timeNs, packet }) => {
		const { source, destination, sourcePort, destinationPort, payload } = takeApart(packet);
		const message = Buffer.from(payload);
		const at = message.toString("latin1").indexOf(domain);
		if (at >= 0) message.write("1", at + 1);
		return { timeNs, bytes: udpPacket({ source, destination, sourcePort, destinationPort, payload: message }) };
	});
	await Bun.write(path, writePcap({ linkType: LinkType.RAW, records }));
	const report = await inspectJson<Report>(path, ["--dnstt.domain=example.com"]);
	expect(report.domains[0]).toMatchObject({ queries: 0, refused: { base32: expect.any(Number) } });
	expect(parents(report)[0]?.sentence).toEndWith("are of dnstt under 1.example.com: --dnstt.domain 1.example.com.");
	expect(parents(await inspectJson<Report>(path, ["--dnstt.domain=1.example.com"]))).toEqual([]);
});
