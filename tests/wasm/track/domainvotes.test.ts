/** The domain that most queries show remains, whatever a few others show. */
import { expect, test } from "bun:test";
import { udpPacket } from "../../support/frames.ts";
import { configOf, observed } from "../../support/observed.ts";
import { vaydnsQuery } from "../../support/vaydns.ts";

const segment = new Uint8Array(24);
segment[4] = 82;

/** Queries that carry an acknowledgement, under each of these labels of example.org; each has a client of its own. */
async function voted(labels: readonly string[]) {
	// Index 1: the first domain is t.example.com.
	const { tracker, send } = await observed(configOf({ "vaydns.domain": "example.org" }));
	send(
		labels.map((label, index) => {
			const clientId = Uint8Array.of(index >> 8, index);
			const payload = vaydnsQuery({ clientId, packets: [segment], domain: `${label}.example.org`, id: index });
			const way = { source: "192.0.2.1", destination: "192.0.2.53", sourcePort: 4_000 + index, destinationPort: 53 };
			return { timeNs: 1_700_000_000_000_000_000n + BigInt(index), bytes: udpPacket({ ...way, payload }) };
		}),
	);
	return { label: tracker.labelledTunnel(1)?.label ?? null, count: tracker.labelled.at(1) };
}

const repeat = (label: string, count: number) => Array<string>(count).fill(label);

test.each<[title: string, labels: string[], label: string | null, count: number]>([
	["one query", ["t"], "t", 1],
	["none", [], null, 0],
	["whatever its case", ["T1", "t1"], "t1", 2],
	["the most, though others came first", [...repeat("x", 5), ...repeat("t", 11)], "t", 16],
	["the most, though others came last", [...repeat("t", 11), ...repeat("x", 5), ...repeat("y", 5)], "t", 21],
	["no label with other characters than a domain has", ["t*", "<b>", "a b"], null, 0],
	["a label of 63 characters", ["a".repeat(63)], "a".repeat(63), 1],
])("%s", async (_, labels, label, count) => {
	expect(await voted(labels)).toEqual({ label, count });
});
