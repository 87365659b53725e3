import type { BasicAuth } from "./auth.ts";
import { createDelivery, join, lengthOf, type Parts } from "./delivery.ts";
import { acceptsGzip, gzip, gzipMinBytes } from "./gzip.ts";
import { landingPage, styleSheet } from "./landing.ts";

/** Scrapes answered at once, node_exporter's --web.max-requests: more are a fault or an attack. */
export const scrapesMax = 40;

/** No link of ours comes near it; the server's own limit for a whole request head is 16 KiB. */
export const urlCharactersMax = 2048;

/** The sender of a request. */
export interface Client {
	/** The peer's address as text, "" if unknown. Never log it. */
	address: string;
	/** Takes the idle time-out off this request, for an answer that is meant to stay open. */
	keepOpen(): void;
}

export type Handler = (request: Request, client: Client) => Response | Promise<Response>;

export interface AppOptions {
	version: string;
	/** Where metrics are served, as web.telemetry-path takes it: neither "/" nor below "/-/". */
	telemetryPath: string;
	/** The exposition, in the text format 0.0.4. May reject: that scrape gets 500. */
	render(): Promise<Parts>;
	/** Compresses an exposition; a test passes its own to see when. */
	compress?: (body: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>;
	/** True, or why not yet: a short text that the client sees. */
	isReady(): true | string;
	/** Without it everyone may read. */
	auth?: BasicAuth;
	/** Returns whether to serve under the name of this Host header (null: none was sent). Without it every name is served. */
	isHostServed?(host: string | null): boolean;
	/** Exact path -> handler for GET and HEAD, before the landing page. A header that a handler sets wins over the usual one. */
	extraRoutes?: Readonly<Record<string, Handler>>;
	/** Called with what a handler threw, and its path. */
	onFault(path: string, error: unknown): void;
}

const textType = "text/plain; charset=utf-8";
/** The exposition format's own content type, the same as prom-client's `registry.contentType`. */
const expositionType = "text/plain; version=0.0.4; charset=utf-8";

/**
 * On every answer unless its handler says otherwise. No Strict-Transport-Security: it would bind every other port and
 * service of the host name too, and exporter-toolkit leaves it to the operator as well.
 */
const securityHeaders: Readonly<Record<string, string>> = {
	"Cache-Control": "no-store",
	"Content-Security-Policy":
		"default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Referrer-Policy": "no-referrer",
	"X-Content-Type-Options": "nosniff",
	"X-Frame-Options": "DENY",
};

/**
 * The web side as a function: a request in, a response out; it never rejects.
 * Checked in this order: body (413), length of the URL (414), host (400 for two, 421 for another's), credentials (401; 503 if too many checks wait), path (404), method (405).
 */
export function createApp(options: AppOptions): (request: Request, client: Client) => Promise<Response> {
	const { auth, onFault } = options;
	const routes = createRoutes(options);

	async function answer(request: Request, path: string, client: Client): Promise<Response> {
		if (hasBody(request)) return text(413, "A request body is not accepted here.\n", { Connection: "close" });
		if (request.url.length > urlCharactersMax) return text(414, "The URL is too long.\n", { Connection: "close" });
		const host = request.headers.get("host");
		// The runtime joins two Host headers with a comma, which no host name holds (Bun 1.4.5); RFC 9112, 3.2 refuses them.
		if (host?.includes(",")) return text(400, "Send exactly one Host header.\n", { Connection: "close" });
		if (options.isHostServed?.(host) === false) {
			return text(421, "Not served under this name; web.allowed-hosts lists more names.\n");
		}
		if (auth !== undefined) {
			const outcome = await auth.check(request.headers.get("authorization"), client.address);
			if (outcome === "refused") {
				return text(401, "Unauthorized\n", { "WWW-Authenticate": 'Basic realm="dnstt_exporter", charset="UTF-8"' });
			}
			if (outcome === "busy") return text(503, "Too many logins are being checked.\n", { "Retry-After": "1" });
		}
		const handler = routes.get(path);
		if (handler === undefined) return text(404, "Not found\n");
		if (request.method !== "GET" && request.method !== "HEAD") {
			return text(405, "Method not allowed\n", { Allow: "GET, HEAD" });
		}
		return handler(request, client);
	}

	return async (request, client) => {
		const path = pathOf(request);
		let response: Response;
		try {
			response = await answer(request, path, client);
		} catch (error) {
			onFault(path, error);
			response = text(500, "Internal error, see the exporter's log\n");
		}
		for (const [name, value] of Object.entries(securityHeaders)) {
			if (!response.headers.has(name)) response.headers.set(name, value);
		}
		return response;
	};
}

function createRoutes({
	version,
	telemetryPath,
	render,
	compress,
	isReady,
	extraRoutes,
}: AppOptions): Map<string, Handler> {
	const page = landingPage({ version, telemetryPath });
	return new Map<string, Handler>([
		["/", () => body(page, "text/html; charset=utf-8")],
		["/style.css", () => body(styleSheet, "text/css; charset=utf-8")],
		...Object.entries(extraRoutes ?? {}),
		["/-/healthy", () => text(200, "Healthy.\n")],
		[
			"/-/ready",
			() => {
				const ready = isReady();
				return ready === true ? text(200, "Ready.\n") : text(503, `Not ready: ${ready}\n`);
			},
		],
		[telemetryPath, createScrape(render, compress)],
	]);
}

/** A rendering under way or done, which scrapes that came meanwhile share. */
interface Rendering {
	plain: Promise<Parts>;
	gzipped?: Promise<Parts>;
}

function createScrape(render: AppOptions["render"], compressed: NonNullable<AppOptions["compress"]> = gzip): Handler {
	const deliver = createDelivery();
	let scrapes = 0;
	let shared: Rendering | undefined;
	/** Settles when nothing is compressed. */
	let compressing: Promise<unknown> = Promise.resolve();

	/**
	 * Scrapes that arrive while one is being rendered get its result: it is as new as any that could start now. The next waits until
	 * what was rendered before is compressed, as each compression under way costs several times the body.
	 */
	function rendering(): Rendering {
		if (shared !== undefined) return shared;
		const started: Rendering = { plain: compressing.then(render) };
		const forget = () => {
			shared = undefined;
		};
		started.plain.then(forget, forget);
		shared = started;
		return started;
	}

	return async (request) => {
		if (scrapes >= scrapesMax) {
			return text(503, `Limit of concurrent scrapes reached (${scrapesMax}), try again later.\n`, {
				"Retry-After": "1",
			});
		}
		scrapes++;
		try {
			const current = rendering();
			const plain = await current.plain;
			const compress = lengthOf(plain) >= gzipMinBytes && acceptsGzip(request.headers.get("accept-encoding"));
			if (compress && current.gzipped === undefined) {
				current.gzipped = compressed(join(plain)).then((bytes) => [bytes]);
				compressing = current.gzipped.catch(() => {});
			}
			const parts = await (compress ? (current.gzipped ?? plain) : plain);
			const headers: Record<string, string> = { "Content-Type": expositionType, Vary: "Accept-Encoding" };
			if (compress) headers["Content-Encoding"] = "gzip";
			// Without the length the runtime would state 0, that of the missing body.
			if (request.method === "HEAD")
				return new Response(null, { headers: { ...headers, "Content-Length": `${lengthOf(parts)}` } });
			return new Response(deliver(parts), { headers });
		} finally {
			scrapes--;
		}
	};
}

/**
 * The path as sent, without the query. With a Host that is empty or no host, which HTTP/1.1 allows and some probes send, the
 * runtime returns the target alone as the URL (Bun 1.4.5).
 */
function pathOf(request: Request): string {
	return /^(?:https?:\/\/[^/?#]*)?([^?#]*)/.exec(request.url)?.[1] ?? "";
}

/** Returns whether a body follows the head (RFC 9112 section 6.3). */
function hasBody(request: Request): boolean {
	return Number(request.headers.get("content-length") ?? 0) !== 0 || request.headers.has("transfer-encoding");
}

function body(content: string, contentType: string): Response {
	return new Response(content, { headers: { "Content-Type": contentType } });
}

function text(status: number, content: string, headers: Record<string, string> = {}): Response {
	return new Response(content, { status, headers: { "Content-Type": textType, ...headers } });
}
