/** A datagram socket of family AF_UNIX to receive with, as a service manager has; the runtime has none of its own. */
import { dlopen, FFIType, ptr } from "bun:ffi";

const familyUnix = 1;
const typeDatagramNonblocking = 2 | 0o4000;

const libc = dlopen("libc.so.6", {
	socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
	bind: { args: [FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
	recv: { args: [FFIType.i32, FFIType.ptr, FFIType.u64, FFIType.i32], returns: FFIType.i64 },
	close: { args: [FFIType.i32], returns: FFIType.i32 },
	clock_gettime: { args: [FFIType.i32, FFIType.ptr], returns: FFIType.i32 },
}).symbols;

const clockMonotonic = 1;

/** CLOCK_MONOTONIC in microseconds. */
export function monotonicUs(): number {
	const time = new BigInt64Array(2);
	libc.clock_gettime(clockMonotonic, ptr(time));
	return Number(time[0]) * 1e6 + Number(time[1]) / 1e3;
}

export interface DatagramReceiver extends Disposable {
	/** The datagrams that came since the last call, in order. */
	received(): string[];
}

/** Binds to a path, or to an abstract name behind "@". */
export function receiveDatagrams(address: string): DatagramReceiver {
	const isAbstract = address.startsWith("@");
	const name = Buffer.from(isAbstract ? `\0${address.slice(1)}` : `${address}\0`);
	const bytes = Buffer.concat([Uint8Array.of(familyUnix, 0), name]);
	const fd = libc.socket(familyUnix, typeDatagramNonblocking, 0);
	if (fd < 0 || libc.bind(fd, ptr(bytes), bytes.length) < 0) throw new Error(`cannot bind ${address}`);
	const buffer = Buffer.alloc(65_536);
	return {
		received() {
			const texts: string[] = [];
			for (;;) {
				const length = Number(libc.recv(fd, ptr(buffer), buffer.length, 0));
				if (length < 0) return texts;
				texts.push(buffer.toString("utf8", 0, length));
			}
		},
		[Symbol.dispose]: () => void libc.close(fd),
	};
}
