/** Below this a gzip header and the call cost more than the bytes saved: the body fits one packet. */
export const gzipMinBytes = 1024;

/** Up to this it takes a tenth of a millisecond, 1.4 at the first time, which the capture on the JavaScript thread can wait for. */
export const onThreadBytesMax = 32_768;

/** On an exposition within a few percent of level 6 in size at about half its time. */
const level = 3;

/** Compresses; what is long in the runtime's thread pool, so that the capture goes on meanwhile. */
export async function gzip(body: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
	if (body.length <= onThreadBytesMax) return Bun.gzipSync(body, { level });
	// It takes 9 ms to load, for which the first answer would wait.
	const { gzip: compress } = await import("node:zlib");
	return new Promise((resolve, reject) => {
		compress(body, { level }, (error, bytes) => (error === null ? resolve(bytes) : reject(error)));
	});
}

/**
 * Returns whether an Accept-Encoding header's value (null: none was sent) takes gzip: named, or meant by `*`, with a
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
