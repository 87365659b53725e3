import { domainsMax } from "../shared/limits.ts";
import { RecordType, Wire } from "../shared/wire.ts";
import { Name } from "./dns.ts";
import { readDnsttPackets } from "./dnstt.ts";
import { EncodedText } from "./encodedtext.ts";
import { readVaydnsPackets } from "./vaydns.ts";

/**
 * A tunnel: its domain, ready to be compared with the end of a name on the wire, and how its packets stand in messages. A third
 * format is one more Wire, one more file beside dnstt.ts and vaydns.ts, and a case in readPackets.
 */
@unmanaged
export class Tunnel {
	/** That of its domain in the decoder's list. */
	index: u32;
	wire: Wire;
	/** Queries must ask for this type, and records of it carry the payload (payload.ts). */
	recordType: RecordType;
	clientIdBytes: u32;
	/** Queries of a smaller EDNS payload size are refused. */
	mtu: u32;
	/** The bits of the two words of a client id that an id of clientIdBytes has. */
	idHighMask: u32;
	idLowMask: u32;
	labels: u32;
	/**
	 * Wire form of the domain without the closing zero, in lower case (ASCII letters only: RFC 4343): this many octets at this
	 * address, and caseOffset after each 0x20 if it is a letter.
	 */
	octets: usize;
	octetCount: u32;

	/** Whether a name ends in the domain, in whatever case. */
	isEndOf(name: Name): bool {
		if (name.count < this.labels) return false;
		const start = name.labelAt(name.count - this.labels);
		return name.zeroAt - start === this.octetCount && isSame(start, this.octets, this.octetCount);
	}

	/** How many labels of a name that ends in the domain stand before it. */
	labelsBefore(name: Name): u32 {
		return name.count - this.labels;
	}

	/** Reads the packets after the client id of a query's text into the observation. */
	readPackets(text: EncodedText): void {
		switch (this.wire) {
			case Wire.Dnstt:
				readDnsttPackets(text);
				break;
			case Wire.Vaydns:
				readVaydnsPackets(text, this.clientIdBytes);
				break;
		}
	}
}

/** RFC 1035, 2.3.4: a name has at most 255 octets. */
const caseOffset: u32 = 256;

const tunnels: usize = memory.data(domainsMax * offsetof<Tunnel>(), 8);
/** Of each domain its octets, and which are letters. */
const octetsOfAll: usize = memory.data(domainsMax * 2 * caseOffset, 64);
let size: u32 = 0;

/** By its position in the order of adding; the domain's index is another number. */
function tunnelAt(position: u32): Tunnel {
	return changetype<Tunnel>(tunnels + position * offsetof<Tunnel>());
}

/**
 * Adds a tunnel with its domain's index: `octetCount` octets of the domain's wire form without the closing zero, at an address.
 * Domains with more labels must come first; there are at most domainsMax. Client ids have 1 to 8 bytes.
 */
export function addTunnel(
	index: u32,
	wire: Wire,
	recordType: RecordType,
	clientIdBytes: u32,
	mtu: u32,
	labels: u32,
	octets: usize,
	octetCount: u32,
): void {
	const tunnel = tunnelAt(size);
	tunnel.index = index;
	tunnel.wire = wire;
	tunnel.recordType = recordType;
	tunnel.clientIdBytes = clientIdBytes;
	tunnel.mtu = mtu;
	const idMask = ~(0 as u64) << (64 - 8 * clientIdBytes);
	tunnel.idHighMask = (idMask >> 32) as u32;
	tunnel.idLowMask = idMask as u32;
	tunnel.labels = labels;
	tunnel.octetCount = octetCount;
	tunnel.octets = octetsOfAll + (size as usize) * (2 * caseOffset);
	for (let at: u32 = 0; at < octetCount; at++) {
		const octet = load<u8>(octets + at);
		// Length octets, at most 63, are below every letter.
		store<u8>(tunnel.octets + at, isUpperCase(octet) ? octet | 0x20 : octet);
		if (isLetter(octet)) store<u8>(tunnel.octets + at, 0x20, caseOffset);
	}
	size++;
}

/** The address of the tunnel whose domain a name ends in, the one with the most labels if there are several; 0 if there is none. */
export function tunnelOf(name: Name): usize {
	for (let position: u32 = 0; position < size; position++) {
		const tunnel = tunnelAt(position);
		if (tunnel.isEndOf(name)) return changetype<usize>(tunnel);
	}
	return 0;
}

/** Whether octets, in whatever case, are those of a domain. */
function isSame(octets: usize, domain: usize, count: u32): bool {
	const end = octets + count;
	let other = domain;
	let at = octets;
	// Eight at a time: 0x20 is set in both where the domain has a letter, and an octet that it makes the same is that letter.
	for (; at + 8 <= end; at += 8) {
		if ((load<u64>(at) | load<u64>(other, caseOffset)) !== load<u64>(other)) return false;
		other += 8;
	}
	for (; at < end; at++) {
		if ((load<u8>(at) | load<u8>(other, caseOffset)) !== load<u8>(other)) return false;
		other++;
	}
	return true;
}

function isUpperCase(octet: u32): bool {
	return octet - 0x41 < 26;
}

function isLetter(octet: u32): bool {
	return (octet | 0x20) - 0x61 < 26;
}
