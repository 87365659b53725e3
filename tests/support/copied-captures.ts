/** Captures that show each datagram twice: as a forwarder sends it on under another DNS id, and as some mirror ports do. */
import { LinkType } from "../../src/capture/source.ts";
import type { Capture, CaptureRecord } from "./pcapfile.ts";

const loopbackHardware = 772;
const forwarder = { address: [127, 0, 0, 1], port: 50_001 };
const forwarderServer = [127, 0, 0, 2];

/** Each frame twice, 15 microseconds apart. */
export function doubled(capture: Capture): Capture {
	const records = capture.records.flatMap((record) => [record, { ...record, timeNs: record.timeNs + 15_000n }]);
	return { ...capture, records: inOrder(records) };
}

/**
 * Beside each IPv4 datagram to or from port 53 the one between a forwarder on this host and the server after it, at
 * 127.0.0.2: under another DNS id, 5 microseconds later for a query; for a response as much earlier, or later if
 * `isLater`.
 */
export function forwarded(capture: Capture, isLater = false): Capture {
	const records = capture.records.flatMap((record) => {
		const isQuery = ipOf(capture, record).destinationPort === 53;
		const timeNs = record.timeNs + (isQuery || isLater ? 5_000n : -5_000n);
		return [record, { ...record, timeNs, bytes: forwardedFrame(capture, record, isQuery) }];
	});
	return { ...capture, records: inOrder(records) };
}

function ipOf({ linkType }: Capture, { bytes }: CaptureRecord) {
	const at = linkType === LinkType.LINUX_SLL2 ? 20 : 14;
	const udpAt = at + ((bytes[at] ?? 0) & 15) * 4;
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	return { at, udpAt, destinationPort: view.getUint16(udpAt + 2) };
}

function forwardedFrame(capture: Capture, record: CaptureRecord, isQuery: boolean): Uint8Array {
	const { at, udpAt } = ipOf(capture, record);
	const bytes = record.bytes.slice();
	const view = new DataView(bytes.buffer);
	if (capture.linkType === LinkType.LINUX_SLL2) {
		view.setUint32(4, 1);
		view.setUint16(8, loopbackHardware);
		view.setUint8(10, 0);
	}
	bytes.set(isQuery ? forwarder.address : forwarderServer, at + 12);
	bytes.set(isQuery ? forwarderServer : forwarder.address, at + 16);
	view.setUint16(udpAt + (isQuery ? 0 : 2), forwarder.port);
	view.setUint16(udpAt + 8, view.getUint16(udpAt + 8) ^ 0x5a5a);
	return bytes;
}

function inOrder(records: readonly CaptureRecord[]): readonly CaptureRecord[] {
	return records.toSorted((a, b) => Number(a.timeNs - b.timeNs));
}
