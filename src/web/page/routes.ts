import type { Feed } from "../../status/feed.ts";
import type { Handler } from "../app.ts";
import { acceptsGzip, gzip } from "../gzip.ts";
import { isLoopback, networkOf } from "../network.ts";
import { bundle } from "./bundle.ts" with { type: "macro" };
import { pageDocument } from "./document.ts";

const script = bundle("page.ts");
const styles = bundle("page.css");

/** An active session's pulse in the colour of the page. */
const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0f766e"/><path d="M5 17h5l4-9 5 16 3.5-7H27" fill="none" stroke="#fff" stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round"/></svg>`;

/** The page may use what comes from here, and nothing else; styles are set by the script, never written in the page. */
const contentSecurityPolicy = [
	...["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self'"],
	...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
].join("; ");

/** What `top` reads, page or not. For createApp's extraRoutes, as the next. */
export function dataRoutes(feed: Feed): Readonly<Record<string, Handler>> {
	return {
		"/status.json": (request) => packed(request, JSON.stringify(feed.status()), "application/json"),
		"/history.json": (request) => packed(request, JSON.stringify(feed.history()), "application/json"),
	};
}

/** What the status page is made of. */
export function statusRoutes(feed: Feed, telemetryPath: string): Readonly<Record<string, Handler>> {
	return {
		"/": async (request) => {
			const page = pageDocument(feed.status(), feed.history(), telemetryPath);
			const response = await packed(request, page, "text/html; charset=utf-8");
			response.headers.set("Content-Security-Policy", contentSecurityPolicy);
			return response;
		},
		"/page.js": (request) => packed(request, script, "text/javascript; charset=utf-8"),
		"/page.css": (request) => packed(request, styles, "text/css; charset=utf-8"),
		"/icon.svg": () => new Response(icon, { headers: { "Content-Type": "image/svg+xml" } }),
		...dataRoutes(feed),
		"/events": (request, client) => {
			const headers = { "Content-Type": "text/event-stream; charset=utf-8" };
			if (request.method === "HEAD") return new Response(null, { headers });
			const { address } = client;
			const events = feed.events.open(address === "" || isLoopback(address) ? null : networkOf(address));
			if (events === null) {
				return new Response("Too many viewers.\n", { status: 503, headers: { "Retry-After": "10" } });
			}
			client.keepOpen();
			return new Response(events, { headers });
		},
	};
}

/** Compressed if the client takes that: pages are looked at over slow links too. */
async function packed(request: Request, body: string, contentType: string): Promise<Response> {
	const headers = { "Content-Type": contentType, Vary: "Accept-Encoding" };
	if (!acceptsGzip(request.headers.get("accept-encoding"))) return new Response(body, { headers });
	const bytes = await gzip(new TextEncoder().encode(body));
	return new Response(bytes, { headers: { ...headers, "Content-Encoding": "gzip" } });
}
