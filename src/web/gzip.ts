import { promisify } from "node:util";
import { gzip as gzipCallback } from "node:zlib";

/** Below this a gzip header, the call and a thread's wake-up cost more than the bytes saved: the body fits one packet. */
export const gzipMinBytes = 1024;

const gzipAsync = promisify(gzipCallback);

/**
 * Compresses in the runtime's thread pool, so that capture on the JavaScript thread goes on meanwhile. Level 3: on an
 * exposition it is within a few percent of level 6 in size at about half its time.
 */
export function gzip(body: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
	return gzipAsync(body, { level: 3 });
}

/**
 * Tells whether an Accept-Encoding header's value (null: none was sent) takes gzip: named, or meant by `*`, with a
 * weight above 0 (RFC 9110 section 12.5.3). No header means any coding in the RFC; plain is the safe reading of it.
 */
export function acceptsGzip(header: string | null): boolean {
	let byStar = false;
	for (const element of (header ?? "").split(",")) {
		const [coding = "", ...parameters] = element.split(";").map((part) => part.trim().toLowerCase());
		const weight = parameters.find((parameter) => parameter.startsWith("q="));
		const accepted = weight === undefined || Number(weight.slice(2)) > 0;
		if (coding === "gzip" || coding === "x-gzip") return accepted;
		if (coding === "*") byStar = accepted;
	}
	return byStar;
}
