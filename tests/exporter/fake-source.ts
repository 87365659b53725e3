import type { LiveOptions, LiveSource } from "../../src/capture/live.ts";
import { CaptureError, type FrameBatch, LinkType } from "../../src/capture/source.ts";
import { dnsttQuery, kcpCommands, kcpSegment, udpPacket } from "../support/frames.ts";
import { fillBatch } from "../support/observed.ts";
import type { CaptureRecord } from "../support/pcapfile.ts";

/** A capture whose frames a test gives. */
export class FakeSource implements LiveSource {
	readonly interfaceName: string;
	readonly linkType = LinkType.RAW;
	closed = false;
	/** How often it was read. */
	reads = 0;
	private records: CaptureRecord[] = [];
	private received = 0;
	private fault: CaptureError | undefined;

	readonly ports: readonly number[];
	readonly bufferBytes: number;

	constructor(options: LiveOptions) {
		this.interfaceName = options.interfaceName;
		this.ports = options.ports;
		this.bufferBytes = options.bufferBytes;
	}

	/** A query of a client came in at `timeUs`. */
	query(client: number, timeUs: number, port = 53): void {
		this.add(dnsttQuery({ clientId: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, client) }), timeUs, port);
	}

	/** A query that carries data. */
	dataQuery(sequence: number, timeUs: number, port: number): void {
		const packets = [kcpSegment({ command: kcpCommands.push, sequence, data: new Uint8Array(9) })];
		this.add(dnsttQuery({ clientId: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1), id: sequence, packets }), timeUs, port);
	}

	private add(payload: Uint8Array, timeUs: number, port: number): void {
		const addresses = { source: "192.0.2.1", destination: "198.51.100.1" };
		const packet = udpPacket({ ...addresses, sourcePort: 4000, destinationPort: port, payload });
		this.records.push({ timeNs: BigInt(timeUs) * 1000n, bytes: packet });
		this.received++;
	}

	breaks(): void {
		this.fault = new CaptureError("interface eth0 disappeared");
	}

	read(batch: FrameBatch): number {
		this.reads++;
		if (this.closed) throw new Error("read after close");
		if (this.fault !== undefined) throw this.fault;
		const { records } = this;
		this.records = [];
		return fillBatch(batch, records);
	}

	statistics() {
		return { received: this.received, droppedByKernel: 0, droppedByInterface: 0 };
	}
	close(): void {
		this.closed = true;
	}
}
