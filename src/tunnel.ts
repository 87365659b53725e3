/** The tunnels of the family: what a reader must know of a server to read its traffic. */

import { RecordType, Wire } from "./wasm/shared/wire.ts";

export const wires = { dnstt: Wire.Dnstt, vaydns: Wire.Vaydns } as const;
export type WireName = keyof typeof wires;

/** Names of record types as vaydns-server's -record-type takes them. */
export const recordTypes = {
	txt: RecordType.Txt,
	null: RecordType.Null,
	cname: RecordType.Cname,
	a: RecordType.A,
	aaaa: RecordType.Aaaa,
	mx: RecordType.Mx,
	ns: RecordType.Ns,
	srv: RecordType.Srv,
	caa: RecordType.Caa,
} as const;
export type RecordTypeName = keyof typeof recordTypes;
export const recordTypeNames = Object.keys(recordTypes) as RecordTypeName[];

/** vaydns-server's defaults. */
export const recordTypeDefault: RecordTypeName = "txt";
export const clientIdBytesDefault = 2;
/** The -mtu of dnstt-server and vaydns-server, unless they are started with another. */
export const mtuDefault = 1_232;

export interface Tunnel {
	/** Presentation form, ASCII, no dot at the end, not the root. */
	readonly domain: string;
	readonly wire: WireName;
	/** The type that queries ask for, and whose data carries the payload. */
	readonly recordType: RecordTypeName;
	readonly clientIdBytes: number;
	/** Bytes that a resolver must take: smaller EDNS payload sizes are refused. */
	readonly mtu: number;
}
