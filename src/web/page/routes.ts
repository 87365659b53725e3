import type { Feed } from "../../status/feed.ts";
import type { Handler } from "../app.ts";
import { isLoopback, networkOf } from "../network.ts";
import { createBody } from "./body.ts";
import { bundle } from "./browser-files.ts" with { type: "macro" };
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

/** How long a rendering of the figures serves all who ask: less than the time between two looks of anyone. */
const keepMs = 1_000;
const forGood = Number.POSITIVE_INFINITY;

/** What `top` reads, page or not. For createApp's extraRoutes, as the next. */
export function dataRoutes(feed: Feed): Readonly<Record<string, Handler>> {
	return {
		"/status.json": createBody(() => JSON.stringify(feed.status()), "application/json", keepMs),
		"/history.json": createBody(() => JSON.stringify(feed.history()), "application/json", keepMs),
	};
}

/** What the status page is made of. */
export function statusRoutes(feed: Feed, telemetryPath: string): Readonly<Record<string, Handler>> {
	const page = createBody(
		() => pageDocument(feed.status(), feed.history(), telemetryPath),
		"text/html; charset=utf-8",
		keepMs,
	);
	return {
		"/": async (request, client) => {
			const response = await page(request, client);
			response.headers.set("Content-Security-Policy", contentSecurityPolicy);
			return response;
		},
		"/page.js": createBody(() => script, "text/javascript; charset=utf-8", forGood),
		"/page.css": createBody(() => styles, "text/css; charset=utf-8", forGood),
		"/icon.svg": createBody(() => icon, "image/svg+xml", forGood),
		...dataRoutes(feed),
		"/events": (request, client) => {
			const headers = { "Content-Type": "text/event-stream; charset=utf-8" };
			if (request.method === "HEAD") return new Response(null, { headers });
			const { address } = client;
			const events = feed.events.open(networkOf(address), address === "" || isLoopback(address));
			if (events === null) {
				return new Response("Too many viewers.\n", { status: 503, headers: { "Retry-After": "10" } });
			}
			client.keepOpen();
			return new Response(events, { headers });
		},
	};
}
