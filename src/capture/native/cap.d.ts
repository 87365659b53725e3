/** Package `cap` with this project's native half (cap.c): what its JavaScript half hands on. */
declare module "cap" {
	interface Device {
		readonly name: string;
		readonly description?: string;
		readonly addresses: readonly { readonly addr: string; readonly netmask?: string }[];
		readonly flags?: "PCAP_IF_LOOPBACK";
	}

	interface LiveOptions {
		/** Size of the kernel's ring. */
		readonly bufferBytes: number;
		/** Bytes of a frame that are kept; 1 to 262,144. */
		readonly snapshotBytes: number;
		/** How long the kernel may hold frames back to hand over a fuller block. */
		readonly timeoutMs: number;
		readonly promiscuous: boolean;
	}

	/** All methods throw an Error whose `code` is one of the words in cap.c (`NativeError`). */
	class Cap {
		static deviceList(): Device[];
		static findDevice(address?: string): string | undefined;
		/** Opens an interface or `any` and gives its LINKTYPE_ number. */
		open(device: string, options: LiveOptions): number;
		/** Opens a pcap or pcapng file, `-` for standard input, and gives its LINKTYPE_ number. */
		openOffline(path: string): number;
		/** libpcap's name of the link type. */
		linkTypeName(): string | undefined;
		/** Lets only matching frames through, in the kernel (pcap-filter(7)). */
		setFilter(text: string): void;
		/** Fills `buffer` with records (src/capture/source.ts) and gives the bytes used; 0: nothing now, or the end of the file. */
		read(buffer: Uint8Array): number;
		/** Writes received, dropped by the kernel, dropped by the interface. */
		statistics(counts: Float64Array): void;
		/** `callback` is called once after each arm(), when frames are there or the capture broke. Live only, once. */
		onReadable(callback: () => void): void;
		arm(): void;
		close(): void;
	}

	interface NativeError extends Error {
		readonly code: string;
	}
}
