/** Decoding in the tests: messages put into packets, and what a decode came to, in words. */
import { type LinkType, linkTypes } from "../../src/capture/source.ts";
import { Decoder } from "../../src/decode/decoder.ts";
import { faultNames, foreignNames, Outcome, refusalNames } from "../../src/decode/fault.ts";
import type { Observation } from "../../src/decode/observation.ts";
import { encodeName, udpPacket } from "../support/frames.ts";

export const domain = "t.example.com";
export const serverPort = 53;
const resolver = { address: "192.0.2.1", port: 40_000 };
const serverAddress = "192.0.2.53";

export interface DecodingOptions {
	readonly linkType?: LinkType;
	readonly domains?: readonly string[];
	readonly ports?: readonly number[];
}

/** A decoder of RAW frames for one domain and port 53, unless the options say otherwise. */
export function decoderOf(options: DecodingOptions = {}): Decoder {
	const { linkType = linkTypes.RAW, domains = [domain], ports = [serverPort] } = options;
	return new Decoder({ linkType, domains, ports });
}

/** A packet from a resolver to the server. */
export function toServer(payload: Uint8Array, sourcePort = resolver.port, destinationPort = serverPort): Uint8Array {
	return udpPacket({ source: resolver.address, destination: serverAddress, sourcePort, destinationPort, payload });
}

/** A packet from the server to a resolver. */
export function fromServer(payload: Uint8Array, sourcePort = serverPort, destinationPort = resolver.port): Uint8Array {
	return udpPacket({ source: serverAddress, destination: resolver.address, sourcePort, destinationPort, payload });
}

/** Decodes a frame and says what it came to: "query", "response", "refused: qtype", "foreign: port", "fault: udp_length". */
export function decodeWord(decoder: Decoder, frame: Uint8Array, at = 0, end = frame.length): string {
	return outcomeWord(decoder.decode(frame, at, end), decoder.seen);
}

export function outcomeWord(outcome: Outcome, seen: Observation): string {
	switch (outcome) {
		case Outcome.Query:
			return "query";
		case Outcome.Response:
			return "response";
		case Outcome.Refused:
			return `refused: ${refusalNames[seen.refusal]}`;
		case Outcome.Foreign:
			return `foreign: ${foreignNames[seen.foreign]}`;
		case Outcome.Fault:
			return `fault: ${faultNames[seen.fault]}`;
	}
}

/** The client id as 16 hexadecimal digits. */
export function idOf(seen: Observation): string {
	return [seen.idHigh, seen.idLow].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

/** All that the observation says of a frame with this outcome, folded into one number (FNV-1a over 32-bit words). */
export function digestOf(outcome: Outcome, seen: Observation): number {
	let digest = fold(0x811c9dc5, outcome);
	if (outcome === Outcome.Fault) return fold(digest, seen.fault);
	if (outcome === Outcome.Foreign) return fold(digest, seen.foreign);
	digest = fold(digest, seen.capturePoint);
	digest = fold(digest, seen.peer0);
	digest = fold(digest, seen.peer1);
	digest = fold(digest, seen.peer2);
	digest = fold(digest, seen.peer3);
	digest = fold(digest, seen.peerPort);
	digest = fold(digest, seen.messageBytes);
	digest = fold(digest, seen.messageId);
	digest = fold(digest, seen.domain);
	if (outcome === Outcome.Refused) return fold(digest, seen.refusal);
	digest = fold(digest, seen.idHigh);
	digest = fold(digest, seen.idLow);
	if (outcome === Outcome.Query) {
		digest = fold(digest, seen.ednsBytes);
	} else {
		digest = fold(digest, seen.rcode);
		digest = fold(digest, seen.truncated ? 1 : 0);
	}
	digest = fold(digest, seen.packets);
	digest = fold(digest, seen.packetBytes);
	digest = fold(digest, seen.segments.count);
	digest = fold(digest, seen.segments.broken);
	for (let index = 0; index < seen.segments.count; index++) {
		digest = fold(digest, seen.segments.command[index] ?? -1);
		digest = fold(digest, seen.segments.stampMs[index] ?? -1);
		digest = fold(digest, seen.segments.sequence[index] ?? -1);
	}
	return digest;
}

function fold(digest: number, word: number): number {
	// A field that was read from outside memory is undefined or NaN: make that show.
	const value = Number.isInteger(word) ? word : 0x5eed_bad0;
	return Math.imul(digest ^ value, 0x01000193) ^ (value >>> 15);
}

/** A name in wire form whose octets, the closing zero included, are `octets` in number: labels of at most 63, then the domain. */
export function nameOfOctets(octets: number, underDomain = domain): Uint8Array {
	let left = octets - encodeName(underDomain).length;
	const labels: string[] = [];
	while (left > 0) {
		// A label takes one octet more than its text, and one octet alone makes no label.
		const length = Math.min(63, left === 65 ? 62 : left - 1);
		labels.push("a".repeat(length));
		left -= length + 1;
	}
	return encodeName([...labels, underDomain].join("."));
}
