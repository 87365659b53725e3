import type * as z from "zod/mini";
import { TopError } from "./error.ts";
import { type HistoryReading, historySchema, type Reading, readingSchema } from "./reading.ts";

/** Longer than a busy exporter takes, and short enough for someone who watches a screen. */
const answerWithinMs = 5_000;

export interface ClientOptions {
	/** http or https, without a slash at the end. */
	readonly url: string;
	readonly credentials?: { readonly username: string; readonly password: string };
	/** Trusted in place of the system's certificates; PEM. */
	readonly ca?: string;
}

/** Asks a running exporter. Both reject with a TopError. */
export interface Client {
	status(): Promise<Reading>;
	history(): Promise<HistoryReading>;
}

/** Makes a client of one exporter; nothing is asked yet. Follows no redirection, which could lead the credentials elsewhere. */
export function createClient({ url, credentials, ca }: ClientOptions): Client {
	const headers: Record<string, string> = { Accept: "application/json" };
	if (credentials !== undefined) {
		const { username, password } = credentials;
		headers.Authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
	}
	const init: BunFetchRequestInit = { headers, redirect: "manual", ...(ca === undefined ? {} : { tls: { ca } }) };

	async function get<T>(path: string, schema: z.ZodMiniType<T>): Promise<T> {
		let response: Response;
		let body: string;
		try {
			response = await fetch(`${url}${path}`, { ...init, signal: AbortSignal.timeout(answerWithinMs) });
			body = await response.text();
		} catch (error) {
			throw new TopError(connectionText(url, error));
		}
		if (response.status !== 200) throw new TopError(statusText(url, response.status, credentials !== undefined));
		let json: unknown;
		try {
			json = JSON.parse(body);
		} catch {
			throw new TopError(
				`${url} answers, but is no exporter: another program uses this port; pass the exporter's address with --url`,
			);
		}
		const result = schema.safeParse(json);
		if (result.success) return result.data;
		const field = result.error.issues[0]?.path.join(".") ?? "";
		throw new TopError(
			`${url}${path} has a format that this version of top does not read (${field}): use the same version for both`,
		);
	}

	return { status: () => get("/status.json", readingSchema), history: () => get("/history.json", historySchema) };
}

/** Says why a connection failed (by Bun's and OpenSSL's codes) and what fixes it. */
function connectionText(url: string, error: unknown): string {
	const code = error instanceof Error && "code" in error ? String(error.code) : "";
	const name = error instanceof Error ? error.name : "";
	// The runtime's advice is for its own programmers.
	const message = (error instanceof Error ? error.message : String(error)).replace(/\.? For more information.*$/, "");
	if (name === "TimeoutError") return `${url} did not answer within ${answerWithinMs / 1_000} s`;
	if (code === "ConnectionRefused" || code === "ECONNREFUSED") {
		return `cannot reach ${url}: nothing listens there; is the exporter running (systemctl status dnstt_exporter), and is web.listen-address this one? Otherwise pass --url`;
	}
	if (/ALTNAME/.test(code)) {
		return `cannot trust ${url}: its certificate is for another name; pass that name with --url`;
	}
	if (/CERT|SELF_SIGNED|UNABLE_TO/.test(code)) {
		return `cannot trust ${url}: ${message} (${code}); if that is the exporter's own, pass the certificate that signed it with --ca-file`;
	}
	if (/SSL|TLS|EPROTO/.test(code)) {
		return `cannot speak TLS with ${url}: if the exporter serves no TLS (web.tls), pass --url with http`;
	}
	if (/ENOTFOUND|EAI_/.test(code)) {
		return `cannot find the host of ${url}: no such name, or no name server answers; see: getent hosts ${URL.parse(url)?.hostname}`;
	}
	if (/ECONNRESET|ConnectionClosed/.test(code)) {
		return `${url} closes the connection: if the exporter serves TLS (web.tls), pass --url with https`;
	}
	return `cannot reach ${url}: ${message}${code === "" ? "" : ` (${code})`}`;
}

function statusText(url: string, status: number, hasCredentials: boolean): string {
	if (status === 401) {
		return hasCredentials
			? `${url} refuses this user and password (401); compare with web.basic-auth of the exporter`
			: `${url} asks for a user (401): pass --username and --password-file`;
	}
	if (status === 404) {
		return `${url} has no status (404): --url is the exporter's address without a path, as http://127.0.0.1:9713`;
	}
	if (status >= 300 && status < 400) return `${url} redirects (${status}); pass the address it redirects to with --url`;
	return `${url} answers with ${status}; the exporter's log says why`;
}
