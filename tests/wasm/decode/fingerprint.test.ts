import { expect, test } from "bun:test";
import { dnsttQuery, dnsttResponse, seededRandom, udpPacket } from "../../support/frames.ts";
import { decoderOf, decodeWord } from "./decoding.ts";

const clientId = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const query = dnsttQuery({ clientId });

interface Way {
	readonly payload?: Uint8Array;
	readonly resolver?: string;
	readonly server?: string;
	readonly ports?: readonly [resolver: number, server: number];
	readonly ipId?: number;
}

/** The hashes of a packet to the server, or from it. */
function hashes(way: Way = {}, isResponse = false) {
	const { payload = query, resolver = "192.0.2.1", server = "192.0.2.53", ports = [40_000, 53], ipId = 9 } = way;
	const [source, destination] = isResponse ? [server, resolver] : [resolver, server];
	const [sourcePort, destinationPort] = isResponse ? ports.toReversed() : ports;
	const packet = udpPacket({
		...{ source, destination, payload },
		...{ sourcePort: sourcePort as number, destinationPort: destinationPort as number },
	});
	if (!server.includes(":")) new DataView(packet.buffer, packet.byteOffset).setUint16(4, ipId);
	const decoder = decoderOf({ ports: [53, 5300] });
	expect(decodeWord(decoder, packet)).toBe(isResponse ? "response" : "query");
	const { observation } = decoder;
	return { name: observation.nameHash, server: observation.serverHash, frame: observation.frameHash };
}

test("the name's hash is that of any case, DNS id, direction, resolver and server, and another name has another", () => {
	const { name } = hashes();
	const others: Way[] = [
		{ payload: dnsttQuery({ clientId, random: seededRandom(3) }) },
		{ payload: dnsttQuery({ clientId, id: 77 }) },
		{ resolver: "2001:db8::1", server: "2001:db8::53" },
	];
	expect(others.map((way) => hashes(way).name)).toEqual([name, name, name]);
	expect(hashes({ payload: dnsttResponse(query) }, true).name).toBe(name);
	for (let octet = 0; octet < 8; octet++) {
		expect(hashes({ payload: dnsttQuery({ clientId: clientId.with(octet, 99) }) }).name).not.toBe(name);
	}
});

test("the server's hash is of its address and port alone, in both directions", () => {
	const { server } = hashes();
	expect(hashes({ resolver: "192.0.2.7", ports: [41_000, 53] }).server).toBe(server);
	expect(hashes({ payload: dnsttResponse(query) }, true).server).toBe(server);
	const ipv6 = { resolver: "2001:db8::1", server: "2001:db8::53" };
	const ways = [
		{ server: "192.0.2.54" },
		{ ports: [40_000, 5300] as const },
		ipv6,
		{ ...ipv6, server: "2001:db8::54" },
	];
	expect(new Set([server, ...ways.map((way) => hashes(way).server)]).size).toBe(5);
});

test("the frame's hash is that of an equal frame alone; without an IP id there is none", () => {
	const { frame } = hashes();
	expect(hashes().frame).toBe(frame);
	const ways = [{ ipId: 10 }, { ports: [40_001, 53] as const }, { payload: dnsttQuery({ clientId, id: 77 }) }];
	expect(new Set([frame, ...ways.map((way) => hashes(way).frame)]).size).toBe(4);
	expect(hashes({ ipId: 0 }).frame).toBe(0);
	expect(hashes({ resolver: "2001:db8::1", server: "2001:db8::53" }).frame).toBe(0);
});
