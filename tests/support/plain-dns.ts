/** Plain DNS traffic, of all that looks like a tunnel's names and is none: packets between resolvers and servers, queries and responses. */
import {
	base32,
	dnsMessage,
	dnsQuery,
	mixCase,
	namePointer,
	optRecord,
	randomBytes,
	seededRandom,
	udpPacket,
} from "./frames.ts";

/** IANA's numbers. */
const types = {
	...{ a: 1, ns: 2, cname: 5, ptr: 12, mx: 15, txt: 16, aaaa: 28, srv: 33, naptr: 35, ds: 43, rrsig: 46, dnskey: 48 },
	...{ nsec3: 50, tlsa: 52, https: 65, caa: 257 },
};
type TypeName = keyof typeof types;

type Maker = (random: () => number, index: number) => readonly [name: string, ...types: TypeName[]];

const hex = (random: () => number, bytes: number) => Buffer.from(randomBytes(random, bytes)).toString("hex");
const text32 = (random: () => number, bytes: number) => base32(randomBytes(random, bytes)).toLowerCase();
const labelled = (text: string, labelMax = 63) => (text.match(new RegExp(`.{1,${labelMax}}`, "g")) ?? []).join(".");
const octets = (random: () => number) => [...randomBytes(random, 4)].join(".");
/** RFC 5155, 1.3: base32 with the extended hex alphabet. */
const hash = (random: () => number) => Array.from(randomBytes(random, 32), (byte) => (byte & 31).toString(32)).join("");

const makers: readonly Maker[] = [
	(_, index) => [`host-${index}.example.org`, "a", "aaaa", "https"],
	(_, index) => [`www.shop-${index % 90}.example`, "a", "aaaa", "https"],
	(_, index) => [`zone${index % 40}.example.net`, "ds", "dnskey", "ns", "rrsig"],
	(random) => [`${hash(random)}.example.net`, "nsec3", "a", "txt"],
	// Mail: DMARC, DKIM, SPF with macros, MTA-STS, DANE.
	(_, index) => [`_dmarc.mail${index % 50}.example`, "txt"],
	(random) => [`${hex(random, 8)}._domainkey.mail.example`, "txt", "cname"],
	(random) => [`${octets(random)}._spf.mail.example`, "txt", "a"],
	(_, index) => [`mail${index % 50}.example`, "mx", "txt", "caa"],
	() => ["_25._tcp.mx.mail.example", "tlsa", "srv"],
	// Content networks and clouds.
	(random) => [`d${text32(random, 8).slice(0, 13)}.cdn.example`, "a", "aaaa", "cname"],
	(random) => [`${hex(random, 16)}.${hex(random, 4)}.edge.cdn.example`, "a", "aaaa"],
	(random) => [`bafybei${text32(random, 32).slice(0, 52)}.ipfs.example`, "a", "txt"],
	(random) => [`_acme-challenge.${text32(random, 10)}.example`, "txt", "cname"],
	// Lists that are asked by address and by hash, and virus scanners that put a file's digest and more into names.
	(random) => [`${octets(random)}.zen.blocklist.example`, "a", "txt"],
	(random) => [`${text32(random, 32).slice(0, 52)}.hashes.blocklist.example`, "a", "txt"],
	(random) => [`${labelled(text32(random, 60 + Math.floor(random() * 70)))}.scan.example`, "txt", "a", "cname"],
	(random) => [`${labelled(text32(random, 20 + Math.floor(random() * 60)), 30)}.q.example`, "txt", "mx", "srv"],
	// Reverse zones and telephone numbers.
	(random) => [`${octets(random)}.in-addr.arpa`, "ptr"],
	(random) => [`${[...hex(random, 16)].join(".")}.ip6.arpa`, "ptr"],
	(random) => [`${[...hex(random, 5).replaceAll(/\D/g, "7")].join(".")}.e164.arpa`, "naptr"],
];

/** Packets of a thousand names and their types, each as a query and its response, and what is no DNS. */
export function plainDnsPackets(seed = 5, names = 1_000): Uint8Array[] {
	const random = seededRandom(seed);
	const packets: Uint8Array[] = [];
	for (let index = 0; index < names; index++) {
		const maker = makers[index % makers.length] as Maker;
		const [name, ...asked] = maker(random, index);
		for (const [number, type] of asked.entries()) {
			const question = { name: mixCase(name, random), type: types[type] };
			const id = (index * 8 + number) & 0xffff;
			const answer = { name: namePointer(12), type: types[type], data: randomBytes(random, 20 + (index % 200)) };
			const response = dnsMessage({
				...{ id, flags: 0x8180, questions: [question], additional: [optRecord()] },
				answers: random() < 0.8 ? [answer] : [],
			});
			const ports = { sourcePort: 20_000 + (index % 30_000), destinationPort: 53 };
			const addresses = { source: "203.0.113.9", destination: "198.51.100.7" };
			packets.push(udpPacket({ ...addresses, ...ports, payload: dnsQuery({ ...question, id }) }));
			packets.push(
				udpPacket({
					...{ source: addresses.destination, destination: addresses.source, payload: response },
					...{ sourcePort: ports.destinationPort, destinationPort: ports.sourcePort },
				}),
			);
		}
		const noise = { source: "203.0.113.10", destination: "198.51.100.7", payload: randomBytes(random, 200) };
		packets.push(udpPacket({ ...noise, sourcePort: 51_820, destinationPort: index % 7 === 0 ? 53 : 51_820 }));
	}
	return packets;
}
