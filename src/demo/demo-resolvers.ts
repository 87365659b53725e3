/** Whose resolvers the demo's clients use: real countries, invented organisations with AS numbers for documentation (RFC 5398). */

import path from "./resolvers.mmdb" with { type: "file" };

export interface DemoResolver {
	/** An IPv4 address of this host: all of 127.0.0.0/8 is. */
	readonly address: string;
	readonly country: string;
	readonly asn: number;
	readonly organization: string;
	/** How many of a round's clients use it. */
	readonly clients: number;
}

export const demoResolvers: readonly DemoResolver[] = [
	{ address: "127.1.0.53", country: "IR", asn: 64_496, organization: "Example Mobile", clients: 4 },
	{ address: "127.2.0.53", country: "IR", asn: 64_497, organization: "Example Broadband", clients: 3 },
	{ address: "127.3.0.53", country: "CN", asn: 64_498, organization: "Example Telecom", clients: 2 },
	{ address: "127.4.0.53", country: "RU", asn: 64_499, organization: "Example Cable", clients: 2 },
	{ address: "127.5.0.53", country: "TM", asn: 64_500, organization: "Example Online", clients: 1 },
	{ address: "127.6.0.53", country: "BY", asn: 64_501, organization: "Example Fibre", clients: 1 },
	{ address: "127.7.0.53", country: "DE", asn: 64_502, organization: "Example Hosting", clients: 1 },
	{ address: "127.8.0.53", country: "US", asn: 64_503, organization: "Example Public DNS", clients: 1 },
];

/** A database of them, shaped like IPinfo Lite: one file that answers for countries and for networks. It is part of the executable. */
export const resolversDatabase: string = path;
