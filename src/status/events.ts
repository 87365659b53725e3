/** Viewers at one time, each a connection that stays open: operators, not the public. */
export const viewersMax = 50;

/** Viewers of one network, so that no single one can lock the others out. */
export const viewersPerNetworkMax = 10;

/** Viewers of one address of this host, which may be a proxy or a tunnel's end that many share. */
export const viewersPerLocalMax = 40;

/** How often viewers are sent the status. */
export const statusMs = 2_000;

/** Events that may wait for a viewer that does not read: about a minute; then it is disconnected, and reconnects by itself. */
export const waitingMax = 32;

export interface EventsOptions {
	/** What a viewer is sent first. */
	history(): unknown;
	/** What all viewers are sent, at once and every statusMs. */
	status(): unknown;
	/** Runs `work` every `intervalMs`; returns the function that ends that. */
	readonly every: (work: () => void, intervalMs: number) => () => void;
}

type Viewer = ReadableStreamDefaultController<Uint8Array>;

/**
 * Server-sent events (HTML Standard, 9.2) for all viewers. The status is made once for all viewers, and not at all
 * while there is none. Each status is a sign of life as well.
 */
export class Events {
	private readonly options: EventsOptions;
	/** Each with its network. */
	private readonly viewers = new Map<Viewer, string>();
	private readonly encoder = new TextEncoder();
	private end: (() => void) | null = null;

	constructor(options: EventsOptions) {
		this.options = options;
	}

	/** Takes in one more viewer; null if there are viewersMax already, or as many of the same network as one may have. */
	open(network: string, isLocal: boolean): ReadableStream<Uint8Array> | null {
		if (this.viewers.size >= viewersMax) return null;
		const same = [...this.viewers.values()].filter((other) => other === network);
		if (same.length >= (isLocal ? viewersPerLocalMax : viewersPerNetworkMax)) return null;
		let viewer: Viewer;
		return new ReadableStream<Uint8Array>(
			{
				start: (controller) => {
					viewer = controller;
					this.viewers.set(viewer, network);
					this.end ??= this.options.every(() => this.sendStatus(), statusMs);
					this.sendTo(viewer, this.encode("history", this.options.history()));
					this.sendTo(viewer, this.encode("status", this.options.status()));
				},
				cancel: () => this.forget(viewer),
			},
			{ highWaterMark: waitingMax },
		);
	}

	/** Sends all viewers an event of this kind. */
	send(kind: string, data: unknown): void {
		if (this.viewers.size === 0) return;
		const event = this.encode(kind, data);
		for (const viewer of [...this.viewers.keys()]) this.sendTo(viewer, event);
	}

	/** Disconnects all viewers. */
	close(): void {
		for (const viewer of [...this.viewers.keys()]) {
			this.forget(viewer);
			viewer.close();
		}
	}

	private sendStatus(): void {
		this.send("status", this.options.status());
	}

	private sendTo(viewer: Viewer, event: Uint8Array): void {
		if ((viewer.desiredSize ?? 0) > 0) {
			viewer.enqueue(event);
			return;
		}
		this.forget(viewer);
		viewer.error(new Error("too slow a reader"));
	}

	private forget(viewer: Viewer): void {
		this.viewers.delete(viewer);
		if (this.viewers.size > 0) return;
		this.end?.();
		this.end = null;
	}

	private encode(kind: string, data: unknown): Uint8Array {
		return this.encoder.encode(`event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`);
	}
}
