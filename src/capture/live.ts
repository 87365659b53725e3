/** Frames from a network interface, or from all of them. */

import type { Cap } from "cap";
import { loadCap, nativeError } from "../native/addon.ts";
import { captureFilter } from "./filter.ts";
import { linkTypeOf, readStatistics } from "./handle.ts";
import { CaptureError, type CaptureStatistics, type FrameBatch, type FrameSource, type LinkType } from "./source.ts";

export interface LiveOptions {
	/** Name of an interface, or `any`. */
	readonly interfaceName: string;
	/** UDP ports to watch, 1 to 65,535; none are all of them, on `any` alone. */
	readonly ports: readonly number[];
	/** Size of the kernel's ring, at most 2 GiB. */
	readonly bufferBytes: number;
	readonly promiscuous: boolean;
}

export interface LiveSource extends FrameSource {
	readonly interfaceName: string;
	/** The filter passes datagrams from and to these; LiveOptions has what none are. */
	readonly ports: readonly number[];
	/** Size of the kernel's ring: the frames between two reads must fit into it. */
	readonly bufferBytes: number;
}

/** The interface does not exist or is not up: reopening it later may succeed. */
export class InterfaceUnavailableError extends CaptureError {}

/** A whole UDP datagram (65,535 bytes), its IPv6 header and extension headers, and a link header with tags. */
export const snapshotBytes = 65_535 + 40 + 64 + 32;

/**
 * How long the kernel holds back a block of frames that is not full. An earlier read, as for a scrape, gets all frames but those of
 * the last block.
 */
export const blockTimeoutMs = 100;

/**
 * Starts capturing. Frames are captured as they are on the interface, at most `snapshotBytes` each, with nanosecond time stamps.
 * Throws a CaptureError that says what to do: no such interface or not up (InterfaceUnavailableError), no permission, a link
 * type that the decoder does not know, or what libpcap says.
 */
export function openLive(options: LiveOptions): LiveSource {
	const cap = new (loadCap().Cap)();
	try {
		const number = cap.open(options.interfaceName, {
			bufferBytes: options.bufferBytes,
			snapshotBytes,
			timeoutMs: blockTimeoutMs,
			promiscuous: options.promiscuous,
		});
		const linkType = linkTypeOf(cap, number, `interface ${options.interfaceName}`);
		cap.setFilter(captureFilter(options.ports, linkType));
		return new InterfaceSource(cap, options, linkType);
	} catch (error) {
		cap.close();
		throw operatorError(error, options.interfaceName);
	}
}

/** Turns what cap threw into one line for the operator; any other error is a bug and returned as it is. */
function operatorError(error: unknown, name: string): unknown {
	const native = nativeError(error);
	switch (native?.code) {
		case undefined:
			return error;
		case "permission_denied":
			return new CaptureError(
				`no permission to capture on ${name}: run as root, or as a service with AmbientCapabilities=CAP_NET_RAW, as "dnstt_exporter print systemd-unit" writes it (do not use setcap: it would let every local user capture)`,
			);
		case "no_such_interface":
			return new InterfaceUnavailableError(
				`no interface ${JSON.stringify(name)}: this host has ${interfaceNames()}; choose one with --capture.interface`,
			);
		case "interface_down":
			return new InterfaceUnavailableError(`interface ${name} is down: bring it up with "ip link set ${name} up"`);
		case "interface_gone":
			return new InterfaceUnavailableError(`interface ${name} disappeared`);
		default:
			return new CaptureError(`cannot capture on ${name}: ${native?.message}`);
	}
}

/** Container hosts have thousands of interfaces: an error names at most this many. */
const namesMax = 16;

function interfaceNames(): string {
	const devices = loadCap().Cap.deviceList();
	const names = ["any", ...devices.filter((name) => name !== "any")];
	const more = names.length - namesMax;
	return `${names.slice(0, namesMax).join(", ")}${more > 0 ? ` and ${more} more (ip link lists them)` : ""}`;
}

class InterfaceSource implements LiveSource {
	readonly interfaceName: string;
	readonly ports: readonly number[];
	readonly bufferBytes: number;
	private last: CaptureStatistics | undefined;

	constructor(
		private readonly cap: Cap,
		options: LiveOptions,
		readonly linkType: LinkType,
	) {
		this.interfaceName = options.interfaceName;
		this.ports = options.ports;
		this.bufferBytes = options.bufferBytes;
	}

	read({ bytes }: FrameBatch): number {
		try {
			return this.cap.read(bytes);
		} catch (error) {
			throw operatorError(error, this.interfaceName);
		}
	}

	statistics(): CaptureStatistics {
		return this.last ?? readStatistics(this.cap);
	}

	close(): void {
		this.last ??= readStatistics(this.cap);
		this.cap.close();
	}
}
