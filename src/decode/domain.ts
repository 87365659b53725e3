import type { Name } from "./dns.ts";

/** ASCII letters to lower case, all else as it is (RFC 4343). Length octets, at most 63, are below every letter. */
const lowerOf: Uint8Array = new Uint8Array(256);
for (let octet = 0; octet < 256; octet++) lowerOf[octet] = octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet;

/** A tunnel's domain, ready to be compared with the end of a name on the wire. */
interface Suffix {
	readonly index: number;
	readonly labels: number;
	/** Wire form without the closing zero, in lower case. */
	readonly octets: Uint8Array;
}

/** The tunnels' domains; of those that a name ends in, the one with the most labels is its domain. */
export class Domains {
	private readonly suffixes: readonly Suffix[];

	/** Takes names in presentation form, ASCII, without a dot at the end; the root is no tunnel's domain. */
	constructor(names: readonly string[]) {
		this.suffixes = names
			.map((name, index) => {
				const labels = name.toLowerCase().split(".");
				const octets = labels.flatMap((label) => [label.length, ...Buffer.from(label, "latin1")]);
				return { index, labels: labels.length, octets: Uint8Array.from(octets) };
			})
			.sort((a, b) => b.labels - a.labels);
	}

	/** Gives how many labels of `name` stand in front of its domain, with the domain's index in `found`; -1 if it has none. */
	match(name: Name, found: { domain: number }): number {
		const bytes = name.bytes;
		for (const { index, labels, octets } of this.suffixes) {
			const first = name.count - labels;
			if (first < 0) continue;
			const start = name.labelAt[first] as number;
			if (name.zeroAt - start !== octets.length) continue;
			let at = 0;
			while (at < octets.length && lowerOf[bytes[start + at] as number] === octets[at]) at++;
			if (at === octets.length) {
				found.domain = index;
				return first;
			}
		}
		return -1;
	}
}
