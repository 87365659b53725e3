import { domainsMax } from "../shared/limits.ts";
import { Name } from "./dns.ts";
import { observation } from "./observation.ts";

/** A tunnel's domain in a form that can be compared with the end of a name. */
@unmanaged
class Suffix {
	index: u32;
	labels: u32;
	/**
	 * Wire form without the closing zero, in lower case (ASCII letters only: RFC 4343): `count` octets. At caseOffset
	 * after each is 0x20 if it is a letter.
	 */
	octets: usize;
	count: u32;
}

/** RFC 1035, 2.3.4: a name has fewer octets than this. */
const caseOffset: u32 = 256;

const suffixes: usize = memory.data(domainsMax * offsetof<Suffix>(), 8);
/** For each suffix its octets, and which of them are letters. */
const octetsOfAll: usize = memory.data(domainsMax * 2 * caseOffset, 64);
let size: u32 = 0;

function suffixAt(index: u32): Suffix {
	return changetype<Suffix>(suffixes + index * offsetof<Suffix>());
}

/**
 * Adds a tunnel's domain with its index: `count` octets of a wire form without the closing zero. Domains with more
 * labels must come first; at most domainsMax are allowed.
 */
export function addDomain(index: u32, labels: u32, octets: usize, count: u32): void {
	const suffix = suffixAt(size++);
	suffix.index = index;
	suffix.labels = labels;
	suffix.count = count;
	suffix.octets = octetsOfAll + ((size - 1) as usize) * (2 * caseOffset);
	for (let at: u32 = 0; at < count; at++) {
		const octet = load<u8>(octets + at);
		// Length octets, at most 63, are less than every letter.
		store<u8>(suffix.octets + at, isUpperCase(octet) ? octet | 0x20 : octet);
		if (isLetter(octet)) store<u8>(suffix.octets + at, 0x20, caseOffset);
	}
}

/**
 * Returns the number of labels of `name` before its domain, and writes the domain's index into `observation`; -1 if the
 * name is under none. If it is under several domains, the one with the most labels counts.
 */
export function matchDomain(name: Name): i32 {
	for (let index: u32 = 0; index < size; index++) {
		const suffix = suffixAt(index);
		if (name.count < suffix.labels) continue;
		const first = name.count - suffix.labels;
		const start = name.labelAt(first);
		if (name.zeroAt - start !== suffix.count) continue;
		if (!isSame(start, suffix)) continue;
		observation.domain = suffix.index;
		return first;
	}
	return -1;
}

/** Whether octets are those of a suffix, ignoring case. */
function isSame(octets: usize, suffix: Suffix): bool {
	const end = octets + suffix.count;
	let other = suffix.octets;
	let at = octets;
	// Eight at a time: both have 0x20 set where the suffix has a letter, and only that letter becomes the same.
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
