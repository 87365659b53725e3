/** Traffic of a few clients of two tunnels through resolvers of several networks, for the tests of what is told of it. */
import { dnsQuery, dnsttQuery, dnsttResponse, typeA, udpPacket } from "../support/frames.ts";
import { asnMmdb, countryMmdb } from "../support/mmdb.ts";
import { configOf, type Observed, observed } from "../support/observed.ts";
import type { CaptureRecord } from "../support/pcapfile.ts";
import type { TemporaryFolder } from "../support/temporary.ts";

export const domains = ["t.example.com", "other.example"] as const;
const host = "198.51.100.9";

/** One datagram a second from the year 2023 on. */
export class Traffic {
	readonly records: CaptureRecord[] = [];
	bytesIn = 0;
	bytesOut = 0;

	private add(source: string, destination: string, toServer: boolean, payload: Uint8Array): void {
		const [sourcePort, destinationPort] = toServer ? [4000, 53] : [53, 4000];
		const packet = udpPacket({ source, destination, sourcePort, destinationPort, payload });
		this.records.push({
			timeNs: 1_700_000_000_000_000_000n + BigInt(this.records.length) * 1_000_000_000n,
			bytes: packet,
		});
	}

	/** A query of a client (a number), and its response. */
	exchange(client: number, resolver: string, domain: string = domains[0]): this {
		const query = dnsttQuery({ clientId: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, client), domain });
		const response = dnsttResponse(query, [new Uint8Array(30)]);
		this.bytesIn += query.length;
		this.bytesOut += response.length;
		this.add(resolver, host, true, query);
		this.add(host, resolver, false, response);
		return this;
	}

	/** A query under the domain that is none of a client. */
	probe(resolver: string): this {
		this.add(resolver, host, true, dnsQuery({ name: `aaaa.${domains[0]}`, type: typeA }));
		return this;
	}

	/** A datagram that is no DNS message. */
	broken(resolver: string): this {
		this.add(resolver, host, true, Uint8Array.of(1, 2, 3));
		return this;
	}
}

/** A tracker of both domains, with databases if a folder for them is given. */
export async function observedDomains(folder?: TemporaryFolder, flags: Record<string, string> = {}): Promise<Observed> {
	const databases: Record<string, string> = {};
	if (folder !== undefined) {
		databases["geoip.country-database"] = folder.file("country.mmdb");
		databases["geoip.asn-database"] = folder.file("asn.mmdb");
		await Bun.write(folder.file("country.mmdb"), countryMmdb());
		await Bun.write(folder.file("asn.mmdb"), asnMmdb());
	}
	return observed(configOf({ "dnstt.domain": domains.join(","), ...databases, ...flags }));
}
