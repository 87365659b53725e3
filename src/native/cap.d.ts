/** Package `cap` with this project's native half (cap.c): what its JavaScript half exports. */
declare module "cap" {
	interface LiveOptions {
		/** Size of the kernel's ring. */
		readonly bufferBytes: number;
		/** Bytes of a frame that are kept; 1 to 262,144. */
		readonly snapshotBytes: number;
		/** How long the kernel may hold frames back to hand over a fuller block. */
		readonly timeoutMs: number;
		readonly promiscuous: boolean;
	}

	/** All methods throw an Error whose `code` is one of the words that the C files here pass to throw_coded (`NativeError`). */
	class Cap {
		/** Names of the host's interfaces, `any` among them. */
		static deviceList(): string[];
		static findDevice(address?: string): string | undefined;
		/** Opens an interface or `any` and returns its LINKTYPE_ number. */
		open(device: string, options: LiveOptions): number;
		/** Opens a pcap or pcapng file and returns its LINKTYPE_ number. */
		openOffline(path: string | Uint8Array): number;
		/**
		 * The same for a capture that is being written, `-` for standard input; undefined while its header is missing: call it
		 * again. Neither this nor read() waits for longer than a moment. `grows`: the end of the file is not the end of the capture.
		 */
		openGrowing(path: string | Uint8Array, grows: boolean): number | undefined;
		/** Of a file: whether read() returned 0 because the capture has ended, and not because nothing more is there yet. */
		isAtEnd(): boolean;
		/** Number of bytes of an open file read so far; 0 for a file that is being written. */
		offset(): number;
		/** libpcap's name of the link type. */
		linkTypeName(): string | undefined;
		/** Lets only matching frames through, in the kernel (pcap-filter(7)). */
		setFilter(text: string): void;
		/**
		 * Fills `buffer` with records (src/capture/source.ts) and returns the number of bytes used; 0 when there is nothing now (live,
		 * or a file that is being written) and at the end of a file, which isAtEnd() distinguishes.
		 */
		read(buffer: Uint8Array): number;
		/** Writes received, dropped by the kernel, dropped by the interface. */
		statistics(counts: Float64Array): void;
		close(): void;
	}

	/** Whether the executable has set-uid, set-gid or file capabilities: the user who starts it may have fewer rights. */
	function isSecureExecution(): boolean;
	/** User and group of an account, by name or number; a number needs no account. */
	function findAccount(name: string): readonly [uid: number, gid: number] | undefined;
	/**
	 * Makes every thread this user and group, without supplementary groups or capabilities (uid -1: as it is), and limits the calling
	 * one to the capabilities of these numbers, of those that it has; sets no_new_privs and a filter of system calls in every thread,
	 * and returns whether there is such a filter. Throws `identity_refused`.
	 */
	function limitPrivileges(keep: readonly number[], uid: number, gid: number): boolean;
	/** Sends one datagram to an AF_UNIX socket: a path, or `@` and an abstract name. Throws `notify_failed`. */
	function notify(address: string, text: string): void;
	/** CLOCK_MONOTONIC, whole microseconds. */
	function monotonicUs(): number;
	/** Leaves pages of the executable that are not in use to the page cache; they come back as they are touched. */
	function releaseProgramPages(): void;

	interface NativeError extends Error {
		readonly code: string;
	}
}
