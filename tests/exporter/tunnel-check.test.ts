import { expect, test } from "bun:test";
import { createTunnelCheck } from "../../src/exporter/tunnel-check.ts";
import { kcpSegment, udpPacket } from "../support/frames.ts";
import { configOf, observed } from "../support/observed.ts";
import { vaydnsQuery } from "../support/vaydns.ts";

test("a domain whose traffic is of another tunnel is logged once", async () => {
	const flags = { "dnstt.domain": "t.example.com,u.example.com" };
	const { tracker, send } = await observed(configOf(flags));
	const logged: unknown[] = [];
	const check = createTunnelCheck({ warn: (message, fields) => void logged.push([message, fields]) }, tracker);
	const packets = [kcpSegment({ command: 81, data: new Uint8Array(20) })];
	const queries = (count: number) =>
		send(
			Array.from({ length: count }, (_, index) => {
				const payload = vaydnsQuery({ clientId: Uint8Array.of(0, index), packets, recordType: "cname", id: index });
				const way = { source: "192.0.2.1", destination: "192.0.2.53", sourcePort: 4_000, destinationPort: 53 };
				return { timeNs: 1_700_000_000_000_000_000n + BigInt(index), bytes: udpPacket({ ...way, payload }) };
			}),
		);
	queries(9);
	check();
	expect(logged).toEqual([]);
	queries(1);
	check();
	queries(1);
	check();
	const problem = expect.stringContaining("t.example.com looks like VayDNS with record type cname");
	expect(logged).toEqual([["traffic of another tunnel", { domain: "t.example.com", problem }]]);
});
