/** Captures that show a datagram more than once, and what of them counts. */
import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import type { Report } from "../../src/commands/inspect/report.ts";
import { doubled, forwarded } from "../support/copied-captures.ts";
import { inspectJson } from "../support/exporter.ts";
import { type Capture, readPcapFile, writePcap } from "../support/pcapfile.ts";

const casePath = (name: string) => resolve(import.meta.dir, "cases", `${name}.pcap`);
const capturePath = (name: string) => resolve(import.meta.dir, "../captures", `${name}.pcap`);

async function countsOf(capture: string | Uint8Array, flags: readonly string[] = []) {
	const report = await inspectJson<Report>(capture, ["--dnstt.domain", "t.example.com", ...flags]);
	const [domain] = report.domains;
	if (domain === undefined) throw new Error("the report has no domain");
	const { queries, responses, bytes_in, bytes_out, refused_queries, sessions, health } = domain;
	const { segments_in, segments_out, retransmissions_in, retransmissions_out, round_trip_seconds } = health;
	return {
		...{ queries, responses, bytes_in, bytes_out, refused_queries, sessions },
		...{ segments_in, segments_out, retransmissions_in, retransmissions_out },
		rtts: round_trip_seconds?.count ?? 0,
		duplicates: report.duplicates,
	};
}

test.each(["forwarder-new-id", "span-twice"])("%s is one query and one response", async (name) => {
	expect(await countsOf(casePath(name))).toMatchObject({
		...{ queries: 1, responses: 1, bytes_in: 115, bytes_out: 429, duplicates: 2 },
	});
});

test("a router between two watched ports that keeps ids leaves round trips as port 53 alone has them", async () => {
	const path = casePath("router-53-to-5310-any");
	const { duplicates: none, ...alone } = await countsOf(path);
	const { duplicates, ...both } = await countsOf(path, ["--dnstt.port", "53,5310"]);
	expect([both, alone.rtts, none, duplicates]).toEqual([alone, 10, 0, 200]);
});

test("responses without their queries are reported as such", async () => {
	const { records, ...capture } = await readPcapFile(capturePath("direct-ipv4"));
	const responses = records.filter(({ bytes }) => new DataView(bytes.buffer, bytes.byteOffset).getUint16(34) === 53);
	const file = writePcap({ ...capture, records: responses });
	const { conditions } = await inspectJson<Report>(file, ["--dnstt.domain", "t.example.com"]);
	expect(conditions.map(({ id }) => id)).toEqual(["responses_only"]);
});

describe.each(["direct-ipv4", "any-sll2-ipv4", "unbound-0x20-ipv4"])("%s counts once", (name) => {
	const forms: readonly [title: string, form: (capture: Capture) => Capture][] = [
		["with each frame twice", doubled],
		["forwarded under other ids", (capture) => forwarded(capture)],
		["forwarded, the response captured on the client's side first", (capture) => forwarded(capture, true)],
		["forwarded and with each frame twice", (capture) => doubled(forwarded(capture))],
	];
	test.each(forms)("%s", async (_, form) => {
		const file = writePcap(form(await readPcapFile(capturePath(name))));
		const { duplicates: few, ...expected } = await countsOf(capturePath(name));
		const { duplicates, ...counts } = await countsOf(file);
		expect(counts).toEqual(expected);
		expect(duplicates).toBeGreaterThan(few + 900);
	});
});
