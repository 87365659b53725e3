import { count, percent } from "./format.ts";

/** What the kernel and the interface counted since the capture began. */
export interface LossCounts {
	/** Holds what the kernel dropped: with TPACKET_V3 libpcap adds those drops in (pcap_stats(3PCAP), ps_recv). */
	readonly received: number;
	readonly dropped_by_kernel: number;
	/** Lost before the kernel could count them as received. */
	readonly dropped_by_interface: number;
}

/** The packets that were lost, and a note: their share of all packets, who lost them, and what helps. */
export function lossOf(counts: LossCounts): { readonly dropped: number; readonly note: string } {
	const { received, dropped_by_kernel: kernel, dropped_by_interface: byInterface } = counts;
	const dropped = kernel + byInterface;
	if (dropped === 0) return { dropped, note: "none" };
	const share = dropped / (received + byInterface);
	return {
		dropped,
		note: `${percent(share)}: kernel ${count(kernel)}, interface ${count(byInterface)}; a larger capture.buffer-size helps with bursts`,
	};
}
