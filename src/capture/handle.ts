/** What live captures and capture files both read from an open Cap. */

import type { Cap } from "cap";
import { CaptureError, type CaptureStatistics, LinkType } from "./source.ts";

/**
 * Narrows the LINKTYPE_ number of an open capture. Throws a CaptureError that names it if the decoder does not know it.
 * `name`: of the file or interface.
 */
export function linkTypeOf(cap: Cap, number: number, name: string): LinkType {
	if (number in LinkType) return number;
	const supported = Object.values(LinkType)
		.filter((value) => typeof value === "string")
		.join(", ");
	throw new CaptureError(
		`${name} has link type ${cap.linkTypeName() ?? "LINKTYPE"} (${number}), which is not supported; supported are ${supported}`,
	);
}

/** Statistics of an open capture. */
export function readStatistics(cap: Cap): CaptureStatistics {
	const counts = new Float64Array(3);
	cap.statistics(counts);
	const [received = 0, droppedByKernel = 0, droppedByInterface = 0] = counts;
	return { received, droppedByKernel, droppedByInterface };
}
