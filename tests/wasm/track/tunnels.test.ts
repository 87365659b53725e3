import { expect, test } from "bun:test";
import { dnsttQuery, udpPacket } from "../../support/frames.ts";
import { configOf, observed } from "../../support/observed.ts";
import { vaydnsQuery } from "../../support/vaydns.ts";

test("ids of the same first bytes are sessions of their own in each tunnel, whatever their size", async () => {
	const { tracker, send } = await observed(
		configOf({ "dnstt.domain": "t.example.com", "vaydns.domain": "u.example.com,v.example.com" }),
	);
	const id = Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0);
	const payloads = [
		dnsttQuery({ clientId: id }),
		...["u", "v"].map((letter) => vaydnsQuery({ clientId: id.subarray(0, 2), domain: `${letter}.example.com` })),
	];
	const way = { source: "192.0.2.1", destination: "192.0.2.53", sourcePort: 4_000, destinationPort: 53 };
	const frames = [...payloads, ...payloads].map((payload, index) => ({
		...{ timeNs: 1_700_000_000_000_000_000n + BigInt(index), bytes: udpPacket({ ...way, payload }) },
	}));
	send(frames);
	expect([0, 1, 2].map((domain) => tracker.activeByDomain.at(domain))).toEqual([1, 1, 1]);
	expect([tracker.sessionsBegun.sum, tracker.queries.sum, tracker.tables.sessions.size]).toEqual([3, 6, 3]);
});
