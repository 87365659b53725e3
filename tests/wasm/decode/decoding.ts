/** Decoding in the tests: the module's decoder, messages put into packets, and what a decode came to, in words. */

import { addTunnels } from "../../../src/engine/engine.ts";
import type { EngineExports } from "../../../src/engine/exports.ts";
import { faultNames, refusalNames, unrelatedNames } from "../../../src/engine/reasons.ts";
import type { Tunnel } from "../../../src/tunnel.ts";
import type { SegmentFault } from "../../../src/wasm/shared/fault.ts";
import { Fault, Outcome, type Refusal, Unrelated } from "../../../src/wasm/shared/fault.ts";
import { LinkType } from "../../../src/wasm/shared/linktype.ts";
import { testModule } from "../../support/engine.ts";
import { encodeName, udpPacket } from "../../support/frames.ts";

export const domain = "t.example.com";
export const serverPort = 53;
const resolver = { address: "192.0.2.1", port: 40_000 };
const serverAddress = "192.0.2.53";

/** The fields of the decoder's Observation: 32-bit words, at the offsets that the module says. */
export const observationFields = [
	...(["fault", "unrelated", "refusal", "interfaceIndex", "direction"] as const),
	...([
		"resolver0",
		"resolver1",
		"resolver2",
		"resolver3",
		"resolverPort",
		"nameHash",
		"serverHash",
		"frameHash",
	] as const),
	...(["messageBytes", "messageId", "domain", "idHigh", "idLow", "ednsBytes", "rcode", "truncated"] as const),
	...(["packets", "packetBytes", "answers", "lookalike", "lookalikeType"] as const),
] as const;
/** Those of a Segment. */
export const segmentFields = ["conversation", "command", "stampMs", "sequence"] as const;
type ObservationField = (typeof observationFields)[number];
type SegmentField = (typeof segmentFields)[number];
type Field = ObservationField | SegmentField | "count" | "malformed";

/** Of the module (tests/wasm/module/decode.ts). A 32-bit word that it gives is signed here, and true is 1. */
export interface DecodeExports extends Readonly<Record<`${Field}Offset`, WebAssembly.Global>> {
	readonly memory: WebAssembly.Memory;
	memoryForTests(): number;
	readonly roomBytes: WebAssembly.Global;

	setLinkType(type: LinkType): void;
	readonly labelsPerMessageMax: WebAssembly.Global;
	addPort(port: number): void;
	readonly addTunnel: EngineExports["addTunnel"];
	decode(at: number, end: number): Outcome;
	hasNext(): number;
	decodeNext(): Outcome;
	readonly queryBytesMax: WebAssembly.Global;
	readAnyMessage(at: number, end: number): number;
	sightedLookalike(): number;
	sightedPort(): number;
	sightedType(): number;
	sightedDomainOctets(): number;

	observationAddress(): number;
	readonly observationBytes: WebAssembly.Global;
	segmentsAddress(): number;
	segmentAt(index: number): number;
	readonly segmentBytes: WebAssembly.Global;
	addSegment(
		conversation: number,
		command: number,
		stampMs: number,
		sequence: number,
		dataBytes: number,
		left: number,
	): SegmentFault;
	clearSegments(): void;
	readonly segmentsMax: WebAssembly.Global;

	readLink(linkType: LinkType, at: number, end: number): Fault;
	linkUnrelated(): Unrelated;
	linkPacket(): number;

	readDatagram(at: number, end: number): Fault;
	datagramUnrelated(): Unrelated;
	datagramIsIpv4(): number;
	datagramSource(): number;
	datagramDestination(): number;
	datagramSourcePort(): number;
	datagramDestinationPort(): number;
	datagramPayload(): number;
	datagramPayloadEnd(): number;
	isExtensionHeader(next: number): number;
	readResolver(at: number, isIpv4: boolean): void;

	readName(message: number, start: number, messageEnd: number): Fault;
	nameLabels(): number;
	nameLabelAt(index: number): number;
	nameZeroAt(): number;
	nameEnd(): number;
	matchName(): number;
	labelsBeforeMatch(): number;
	readRecord(message: number, start: number, messageEnd: number): Fault;
	recordType(): number;
	recordClass(): number;
	recordVersion(): number;
	recordRdata(): number;
	recordEnd(): number;

	readDownstream(start: number, end: number): void;

	groupAt(at: number): number;
	invalidMarks(at: number): bigint;
	hasInvalid(at: number, count: number): number;
	dropSkipped(at: number, count: number): number;
	bytesIn(count: number): number;
	byteIn(characters: number, index: number): number;
	wordIn(characters: number, index: number): number;

	openStrings(start: number, end: number): void;
	openBytes(start: number, end: number): void;
	nextOfPayload(): number;
	skipPayload(count: number): number;
	takePayload(count: number): number;
}

/** What the decoder says of the frame that it decoded last: reads, and writes, the words in the module's memory. */
export interface Observation extends Record<Exclude<ObservationField, "fault" | "unrelated" | "refusal">, number> {
	fault: Fault;
	unrelated: Unrelated;
	refusal: Refusal;
	readonly segments: {
		readonly count: number;
		malformed: number;
		/** One for each segment, in their order. */
		readonly conversation: readonly number[];
		readonly command: readonly number[];
		readonly stampMs: readonly number[];
		readonly sequence: readonly number[];
	};
}

/** The observation in an instance's memory. */
export function observationIn(exports: DecodeExports): Observation {
	let memory = new Uint32Array(exports.memory.buffer);
	const words = () => {
		// A memory that grew is another buffer.
		if (memory.length === 0) memory = new Uint32Array(exports.memory.buffer);
		return memory;
	};
	const wordIndex = (start: number, field: Field) => (start + exports[`${field}Offset`].value) >> 2;
	const count = wordIndex(exports.segmentsAddress(), "count");
	const malformed = wordIndex(exports.segmentsAddress(), "malformed");
	const each = (field: SegmentField) =>
		Array.from(
			{ length: words()[count] as number },
			(_, index) => words()[wordIndex(exports.segmentAt(index), field)] ?? 0,
		);
	const segments: Observation["segments"] = {
		get count() {
			return words()[count] as number;
		},
		get malformed() {
			return words()[malformed] as number;
		},
		set malformed(packets) {
			words()[malformed] = packets;
		},
		get conversation() {
			return each("conversation");
		},
		get command() {
			return each("command");
		},
		get stampMs() {
			return each("stampMs");
		},
		get sequence() {
			return each("sequence");
		},
	};
	const observation: Partial<Observation> = { segments };
	for (const field of observationFields) {
		const at = wordIndex(exports.observationAddress(), field);
		Object.defineProperty(observation, field, {
			get: () => words()[at],
			set: (word: number) => {
				words()[at] = word;
			},
		});
	}
	return observation as Observation;
}

/** A decoder of its own: a fresh instance of the module, with memory to put into what it is to read. */
export class Decoder {
	readonly exports: DecodeExports;
	readonly observation: Observation;
	/** Address of that memory, and the memory. */
	readonly start: number;
	readonly room: Uint8Array;

	/** Takes names in presentation form, without a dot at the end. */
	constructor({ linkType, tunnels, ports }: Required<Pick<DecodingOptions, "linkType" | "tunnels" | "ports">>) {
		this.exports = new WebAssembly.Instance(testModule, {
			resolvers: { originOf: () => 0 },
			labels: { otherOf: () => 1, releaseOrigins() {} },
		}).exports as unknown as DecodeExports;
		this.start = this.exports.memoryForTests();
		this.exports.setLinkType(linkType);
		for (const port of ports) this.exports.addPort(port);
		addTunnels(this.exports, tunnels, new Uint8Array(this.exports.memory.buffer, this.start), this.start);
		this.room = new Uint8Array(this.exports.memory.buffer, this.start, this.exports.roomBytes.value);
		this.observation = observationIn(this.exports);
	}

	/** Copies bytes into the module's memory; gives the address of the first. */
	readonly put = (bytes: ArrayLike<number>): number => {
		this.room.set(bytes);
		return this.start;
	};

	/** Decodes the frame bytes[at..end), with what stands around it around it. */
	decode(bytes: Uint8Array, at: number, end: number): Outcome {
		const start = this.put(bytes);
		return this.exports.decode(start + at, start + end);
	}
}

export interface DecodingOptions {
	readonly linkType?: LinkType;
	readonly ports?: readonly number[];
	/** In their place: domains of dnstt, and the -mtu of their server. */
	readonly tunnels?: readonly Tunnel[];
	readonly domains?: readonly string[];
	readonly mtu?: number;
}

/** Tunnels of dnstt. */
export function dnsttTunnels(domains: readonly string[], mtu = 512): Tunnel[] {
	return domains.map((name) => ({ domain: name, wire: "dnstt", recordType: "txt", clientIdBytes: 8, mtu }));
}

/** A decoder of RAW frames for one domain and port 53 that refuses no EDNS size, unless the options say otherwise. */
export function decoderOf(options: DecodingOptions = {}): Decoder {
	const { linkType = LinkType.RAW, ports = [serverPort], domains = [domain], mtu } = options;
	return new Decoder({ linkType, ports, tunnels: options.tunnels ?? dnsttTunnels(domains, mtu) });
}

/** A packet from a resolver to the server. */
export function toServer(payload: Uint8Array, sourcePort = resolver.port, destinationPort = serverPort): Uint8Array {
	return udpPacket({ source: resolver.address, destination: serverAddress, sourcePort, destinationPort, payload });
}

/** A packet from the server to a resolver. */
export function fromServer(payload: Uint8Array, sourcePort = serverPort, destinationPort = resolver.port): Uint8Array {
	return udpPacket({ source: serverAddress, destination: resolver.address, sourcePort, destinationPort, payload });
}

/** Decodes a frame and says what it came to: "query", "response", "refused: qtype", "unrelated: port", "fault: udp_length". */
export function decodeWord(decoder: Decoder, frame: Uint8Array, at = 0, end = frame.length): string {
	return outcomeWord(decoder.decode(frame, at, end), decoder.observation);
}

export function outcomeWord(outcome: Outcome, observation: Observation): string {
	switch (outcome) {
		case Outcome.Query:
			return "query";
		case Outcome.Response:
			return "response";
		case Outcome.Refused:
			return `refused: ${wordOf(refusalNames, observation.refusal)}`;
		case Outcome.Unrelated:
			return `unrelated: ${wordOf(unrelatedNames, observation.unrelated)}`;
		case Outcome.Fault:
			return `fault: ${wordOf(faultNames, observation.fault)}`;
	}
}

/** The word for what a reader of frames or packets found; null if it read one of ours. */
export function readWord(fault: Fault, unrelated: Unrelated): string | null {
	if (fault !== Fault.None) return `fault: ${wordOf(faultNames, fault)}`;
	return unrelated === Unrelated.None ? null : `unrelated: ${wordOf(unrelatedNames, unrelated)}`;
}

/** The word for a reason; for None, which no frame should come to with such an outcome, "none". */
export function wordOf(names: Readonly<Record<number, string>>, reason: number): string {
	return names[reason] ?? "none";
}

/** The client id as 16 hexadecimal digits. */
export function idOf(observation: Observation): string {
	return [observation.idHigh, observation.idLow].map((word) => word.toString(16).padStart(8, "0")).join("");
}

/** All that the observation says of a frame with this outcome, folded into one number (FNV-1a over 32-bit words). */
export function digestOf(outcome: Outcome, observation: Observation): number {
	let digest = fold(0x811c9dc5, outcome);
	if (outcome === Outcome.Fault) return fold(digest, observation.fault);
	if (outcome === Outcome.Unrelated) return fold(digest, observation.unrelated);
	digest = fold(digest, observation.interfaceIndex);
	digest = fold(digest, observation.direction);
	digest = fold(digest, observation.resolver0);
	digest = fold(digest, observation.resolver1);
	digest = fold(digest, observation.resolver2);
	digest = fold(digest, observation.resolver3);
	digest = fold(digest, observation.resolverPort);
	digest = fold(digest, observation.nameHash);
	digest = fold(digest, observation.serverHash);
	digest = fold(digest, observation.frameHash);
	digest = fold(digest, observation.messageBytes);
	digest = fold(digest, observation.messageId);
	digest = fold(digest, observation.domain);
	if (outcome !== Outcome.Response) digest = fold(digest, observation.lookalike);
	if (outcome !== Outcome.Response && observation.lookalike !== 0) digest = fold(digest, observation.lookalikeType);
	if (outcome === Outcome.Refused) return fold(digest, observation.refusal);
	digest = fold(digest, observation.idHigh);
	digest = fold(digest, observation.idLow);
	if (outcome === Outcome.Query) {
		digest = fold(digest, observation.ednsBytes);
	} else {
		digest = fold(digest, observation.rcode);
		digest = fold(digest, observation.answers);
		digest = fold(digest, observation.truncated);
	}
	digest = fold(digest, observation.packets);
	digest = fold(digest, observation.packetBytes);
	digest = fold(digest, observation.segments.count);
	digest = fold(digest, observation.segments.malformed);
	const { conversation, command, stampMs, sequence } = observation.segments;
	for (const word of [...conversation, ...command, ...stampMs, ...sequence]) digest = fold(digest, word);
	return digest;
}

function fold(digest: number, word: number): number {
	return Math.imul(digest ^ word, 0x01000193) ^ (word >>> 15);
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
