/** Recorded tunnels under domains of their own, and what is discovered in records. */

import { resolve } from "node:path";
import { LinkType } from "../../src/capture/source.ts";
import { type DiscoveredTunnel, Discovery } from "../../src/discovery/discovery.ts";
import { createPlacelessEngine } from "../../src/engine/placeless.ts";
import type { Tunnel } from "../../src/tunnel.ts";
import { packetsOf } from "../support/frames.ts";
import { fillBatch } from "../support/observed.ts";
import { type CaptureRecord, readPcapFile } from "../support/pcapfile.ts";

const folder = resolve(import.meta.dir, "../captures");
export const pathOf = (name: string) => resolve(folder, `${name}.pcap`);

export const casePath = (name: string) => resolve(import.meta.dir, `../health/cases/${name}.pcap`);

/** Independent counts of a recorded capture, and the tunnel that it holds. */
export interface Recorded {
	readonly name: string;
	readonly tunnel: Tunnel;
	readonly queries: number;
	readonly clients: number;
	readonly responses: number;
}

const names = ["direct-ipv4", "unbound-0x20-ipv4", "any-sll2-ipv4"];
const vaydnsNames = ["a", "cname", "srv", "txt", "unbound-txt", "unbound-txt-id4-ipv6"].map((name) => `vaydns/${name}`);

export const recorded: readonly Recorded[] = await Promise.all(
	[...names, ...vaydnsNames].map(async (name): Promise<Recorded> => {
		const counts = await Bun.file(resolve(folder, `${name}.expected.json`)).json();
		const isVaydns = name.startsWith("vaydns/");
		return {
			name,
			tunnel: {
				domain: "t.example.com",
				wire: isVaydns ? "vaydns" : "dnstt",
				recordType: isVaydns ? counts.record_type : "txt",
				clientIdBytes: isVaydns ? counts.clientid_size : 8,
				mtu: 1_232,
			},
			queries: counts.queries,
			clients: counts.sessions,
			responses: counts.responses,
		};
	}),
);

/** What is to be found of a recorded tunnel, with the first label of its domain replaced. */
export function expectedOf(capture: Recorded, letter = "t", port = 53) {
	const { tunnel, queries, clients, responses } = capture;
	return { tunnel: { ...tunnel, domain: `${letter}.example.com` }, port, queries, clients, responses };
}

export function withoutInterfaces(found: readonly DiscoveredTunnel[]) {
	return found.map(({ interfaceIndexes: _, ...rest }) => rest);
}

/** The IP packets of a recorded capture, in time, with another letter for the first label of the tunnel's domain. */
export async function packetsUnder({ name }: Recorded, letter: string): Promise<CaptureRecord[]> {
	return packetsOf(await readPcapFile(pathOf(name))).map(({ timeNs, packet }) => ({
		timeNs,
		bytes: renamed(packet, letter),
	}));
}

/** In responses the domain stands in records as well. */
function renamed(packet: Uint8Array, letter: string): Uint8Array {
	const text = Buffer.from(packet).toString("latin1");
	return Buffer.from(
		// biome-ignore lint/suspicious/noControlCharactersInRegex: length octets.
		text.replaceAll(/\x01t(\x07example)/gi, (_, rest) => `\x01${letter}${rest}`),
		"latin1",
	);
}

/** In batches, as a source returns them. */
export function discoveryOf(
	records: readonly CaptureRecord[],
	linkType: LinkType = LinkType.RAW,
	heldBytesMax = 32 * 1024 * 1024,
): Discovery {
	const engine = createPlacelessEngine([], [1, 2, 3, 4]);
	const discovery = new Discovery({ seed: [1, 2, 3, 4], heldBytesMax });
	engine.lookFor(linkType, []);
	for (let at = 0; at < records.length; at += 200)
		discovery.take(engine, fillBatch(engine.batch, records.slice(at, at + 200)), linkType);
	return discovery;
}

/** In the order of time. */
export function merged(...captures: readonly (readonly CaptureRecord[])[]): CaptureRecord[] {
	return captures.flat().sort((a, b) => (a.timeNs < b.timeNs ? -1 : Number(a.timeNs > b.timeNs)));
}

/** Packets spread evenly over the time of records. */
export function between(records: readonly CaptureRecord[], packets: readonly Uint8Array[]): CaptureRecord[] {
	const [first, last] = [records[0]?.timeNs ?? 0n, records.at(-1)?.timeNs ?? 0n];
	return packets.map((bytes, index) => ({
		timeNs: first + ((last - first) * BigInt(index)) / BigInt(packets.length),
		bytes,
	}));
}
