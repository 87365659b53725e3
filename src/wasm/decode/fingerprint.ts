import { Name } from "./dns.ts";
import { Datagram } from "./ip.ts";
import { observation } from "./observation.ts";
import { Tunnel } from "./tunnel.ts";

/** Steps of the sequences that the words are added to, so that words that change places do not look the same. */
const lowStep: u32 = 0x9e37_79b1;
const highStep: u32 = 0x85eb_ca77;

/** Odd numbers, 2^64 over the golden ratio and its double. */
const wordFactor: u64 = 0x9e37_79b9_7f4a_7c15;
const otherFactor: u64 = 0xc2b2_ae3d_27d4_eb4f;

/** Sets bit 0x20 of each octet, by which upper and lower case differ: resolvers vary it, and forwarders may as well. */
const lowerCase: u64 = 0x2020_2020_2020_2020;

/**
 * Writes into `observation` what the tracker detects duplicates by. `nameHash` is of the question's text before the
 * tunnel's domain in lower case, which no forwarder changes. `serverHash` is of the server's address and port: a forwarder and the
 * server after it cannot have the same. `frameHash` is of what two captures of one frame have in common and two
 * datagrams do not, its IP id among it; it is 0 where there is none: IPv6 has no such id, and in IPv4 datagrams that
 * cannot be fragmented it may be 0 (RFC 6864, 4.1).
 */
export function readFingerprints(question: Name, tunnel: Tunnel, datagram: Datagram, isResponse: bool): void {
	observation.nameHash = hashOfName(question, tunnel);
	const server = isResponse ? datagram.sourceAddress : datagram.destinationAddress;
	const port = isResponse ? datagram.sourcePort : datagram.destinationPort;
	if (datagram.isIpv4) {
		observation.serverHash = fold(product(load<u32>(server), lowStep, port + highStep));
		observation.frameHash = hashOfFrame(datagram);
	} else {
		const high = product(load<u64>(server), lowStep, highStep);
		observation.serverHash = fold(high + product(load<u64>(server, 8), 2 * lowStep, 2 * highStep + port));
		observation.frameHash = 0;
	}
}

/**
 * Of at most the first 32 octets and the last 8, as a loop over all of them costs twice as much: they hold the client id
 * and the random padding, by which a client's queries differ.
 */
function hashOfName(question: Name, tunnel: Tunnel): u32 {
	const at = question.labelAt(0);
	const end = question.zeroAt - tunnel.octetCount;
	if (end < at + 8) return 0;
	const last = end - 8;
	return fold(
		product(load<u64>(at) | lowerCase, lowStep, highStep) +
			product(load<u64>(min<usize>(at + 8, last)) | lowerCase, 2 * lowStep, 2 * highStep) +
			product(load<u64>(min<usize>(at + 16, last)) | lowerCase, 3 * lowStep, 3 * highStep) +
			product(load<u64>(min<usize>(at + 24, last)) | lowerCase, 4 * lowStep, 4 * highStep) +
			product(load<u64>(last) | lowerCase, 5 * lowStep, 5 * highStep),
	);
}

/**
 * RFC 791, 3.1: the word at the id holds TTL, protocol and a checksum of the addresses as well. RFC 768: ports, length
 * and checksum. Name and server are compared apart.
 */
function hashOfFrame(datagram: Datagram): u32 {
	const id = datagram.sourceAddress - 8;
	if (load<u16>(id) === 0) return 0;
	const sum =
		load<u64>(id) * wordFactor + load<u64>(datagram.payload - 8) * otherFactor + ((observation.messageId as u64) << 33);
	// The lowest bit only keeps the hash from being 0, so the DNS id stands above it.
	return ((sum >> 32) as u32) | 1;
}

/** One step of NH (Black and others, UMAC, 1999): its products do not wait for each other. */
function product(word: u64, low: u32, high: u32): u64 {
	return (((word as u32) + low) as u64) * ((((word >> 32) as u32) + high) as u64);
}

function fold(sum: u64): u32 {
	return ((sum >> 32) as u32) ^ (sum as u32);
}
