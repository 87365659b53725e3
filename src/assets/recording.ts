import { linkTypes } from "../capture/source.ts";
import { Decoder } from "../decode/decoder.ts";
import { Outcome } from "../decode/fault.ts";
import path from "./direct-ipv4.pcap" with { type: "file" };

/** The domain of the recorded tunnel. */
export const recordedDomain = "t.example.com";
const recordedPort = 53;

/** One DNS message of the recording. */
export interface RecordedMessage {
	/** Since the first message. */
	readonly afterMs: number;
	readonly toServer: boolean;
	readonly bytes: Uint8Array;
	/** Which of the recorded clients it belongs to, from 0. */
	readonly client: number;
}

/**
 * The recording that is part of this program: little-endian pcap with microseconds and Ethernet frames
 * (draft-ietf-opsawg-pcap), of three clients that fetch a file each.
 */
export async function readRecording(): Promise<readonly RecordedMessage[]> {
	const file = await Bun.file(path).bytes();
	const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
	const decoder = new Decoder({ linkType: linkTypes.EN10MB, domains: [recordedDomain], ports: [recordedPort] });
	const clients = new Map<string, number>();
	const messages: RecordedMessage[] = [];
	let firstMs: number | undefined;
	for (let at = 24; at < file.length; ) {
		const timeMs = view.getUint32(at, true) * 1_000 + view.getUint32(at + 4, true) / 1_000;
		const end = at + 16 + view.getUint32(at + 8, true);
		const outcome = decoder.decode(file, at + 16, end);
		const { seen } = decoder;
		const id = `${seen.idHigh},${seen.idLow}`;
		const client = clients.get(id) ?? clients.size;
		clients.set(id, client);
		firstMs ??= timeMs;
		messages.push({
			afterMs: timeMs - firstMs,
			toServer: outcome === Outcome.Query,
			// The message is the end of the frame: these frames have no padding.
			bytes: file.slice(end - seen.messageBytes, end),
			client,
		});
		at = end;
	}
	return messages;
}

const alphabet = "abcdefghijklmnopqrstuvwxyz234567";

/**
 * Gives the message another client id: 12 characters of its name, which stand for the id's first 60 bits, are turned
 * by `key` (12 numbers below 32), so that query and response of one client stay together.
 */
export function withFreshId(message: Uint8Array, key: readonly number[]): Uint8Array {
	const fresh = message.slice();
	// Behind the header of 12 bytes and the length of the first label, which holds the whole id.
	key.forEach((turn, index) => {
		const at = 13 + index;
		const group = alphabet.indexOf(String.fromCharCode(fresh[at] as number).toLowerCase());
		fresh[at] = alphabet.charCodeAt(group ^ turn);
	});
	return fresh;
}

/** A key for withFreshId. */
export function freshKey(): number[] {
	return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte & 31);
}
