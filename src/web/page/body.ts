import type { Handler } from "../app.ts";
import { acceptsGzip, gzip } from "../gzip.ts";

/** The bytes of one rendering, and the same compressed once a client accepts that. */
interface Rendering {
	readonly plain: Uint8Array<ArrayBuffer>;
	gzipped?: Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * Creates a handler that answers with what `render` returns, compressed if the client accepts that: pages are viewed over
 * slow links too. It is rendered and compressed once for all who ask within `keepMs` milliseconds, for good if that is
 * infinite, so that however many ask they take no time from the capture, which is on the same thread. When `render` throws,
 * so does the handler, and the next request tries again.
 */
export function createBody(render: () => string, contentType: string, keepMs: number): Handler {
	const encoder = new TextEncoder();
	let kept: Rendering | undefined;

	function rendering(): Rendering {
		if (kept !== undefined) return kept;
		kept = { plain: encoder.encode(render()) };
		if (keepMs < Number.POSITIVE_INFINITY) {
			const forget = () => {
				kept = undefined;
			};
			setTimeout(forget, keepMs).unref();
		}
		return kept;
	}

	return async (request) => {
		const headers = { "Content-Type": contentType, Vary: "Accept-Encoding" };
		const current = rendering();
		if (!acceptsGzip(request.headers.get("accept-encoding"))) return new Response(current.plain, { headers });
		current.gzipped ??= gzip(current.plain);
		return new Response(await current.gzipped, { headers: { ...headers, "Content-Encoding": "gzip" } });
	};
}
