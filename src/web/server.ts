import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { ListenAddress } from "../config/values.ts";
import type { Client } from "./app.ts";
import { type Certificate, type CertificateFiles, readCertificate } from "./certificate.ts";
import { countDescriptors, createSpare, descriptorLimit } from "./descriptors.ts";
import { WebError } from "./error.ts";
import { bindError } from "./listen.ts";

/**
 * A connection without progress is closed after this, and so is one whose request head is not complete by then, however
 * slowly it drips (checked with Bun 1.4.5): longer than the usual scrape interval of 15 s, so that Prometheus keeps its
 * connection; shorter than it takes to gather a full descriptor table of silent connections.
 */
const idleTimeoutSeconds = 30;

/** Requests under way may end within this when the server stops; then they are cut. */
const stopGraceMs = 500;

/**
 * Connections at once, or half of the descriptors that are left at the start if those are fewer. A scraper holds one. Bun.serve cannot refuse a
 * connection, and when the descriptors run out it spins on accept; so beyond this all are cut and the port is bound again.
 */
export const connectionsMax = 4096;

/**
 * Of TLS 1.2; those of TLS 1.3 are like them and always there. With forward secrecy, as a key that leaks later must not open what
 * was recorded before, and authenticated as a whole, unlike CBC (RFC 9325, 4.2).
 */
const ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

/** How often connections are counted; a flood has this long to fill the table. */
const countEveryMs = 1000;

export interface ServerOptions {
	/** An empty host is every address, IPv6 and IPv4; port 0 lets the kernel choose. */
	listen: ListenAddress;
	/** HTTPS (TLS 1.2 and up) instead of HTTP. */
	tls?: CertificateFiles;
	/** What those files held, if they were read already: with rights that the process has dropped since. */
	certificate?: Certificate;
	handler: (request: Request, client: Client) => Promise<Response>;
	/** Called when a new certificate is in use (undefined), or with the reason why the old one stays; once for each fault. */
	onCertificate?(fault: WebError | undefined): void;
	/** Called after too many connections: all of them were cut, and the port is bound again (undefined) or lost; once for each fault. */
	onFlood(fault: WebError | undefined): void;
	/** Called with the reason why a lost port cannot be bound again (it is tried every second; once for each fault), and when it is bound (undefined). */
	onPort?(fault: WebError | undefined): void;
}

export interface WebServer {
	/** The address for a browser on this host. */
	readonly url: string;
	readonly port: number;
	/** The host that it listens on, as an address if it has one; empty for every address. */
	readonly address: string;
	/**
	 * Reads the certificate's files again and serves them to new connections if they changed; requests under way go on.
	 * Call it now and then, and on SIGHUP. Never rejects: see `onCertificate`. Without TLS it does nothing.
	 */
	reloadCertificate(): Promise<void>;
	/** The certificate in use; undefined without TLS. */
	readonly certificate: Certificate | undefined;
	/** Takes no more connections, lets requests under way end for half a second, then cuts what is left. */
	stop(): Promise<void>;
}

type BunServer = Bun.Server<undefined>;

/**
 * Binds the handler to a socket. Throws WebError if the address cannot be bound or the certificate not be used.
 * A new certificate, and a flood of connections, have the port bound again: Bun.serve takes no other certificate while it listens
 * (Bun 1.4.5). That takes the same rights as the first time: drop privileges before, not after.
 */
// Long: the functions share which server is bound, which are retired, and which certificate is in use.
export async function startServer(options: ServerOptions): Promise<WebServer> {
	const { listen, tls, onCertificate, onFlood, onPort } = options;
	let certificate = tls && (options.certificate ?? (await readCertificate(tls)));
	/** Null while the port is lost. */
	let server: BunServer | null = bind(options, listen, certificate);
	const url = server.url.href;
	const address = await addressOf(listen.host);
	const bound = { ...listen, port: server.port ?? listen.port };
	const retired = new Set<BunServer>();
	const spare = createSpare();
	const opened = countDescriptors();
	const descriptorsMax = opened + Math.min(connectionsMax, (descriptorLimit() - opened) / 2);
	let stopped = false;

	/** The old server takes no more connections, and ends its requests or is cut with all its connections. */
	function retire(cut: boolean): void {
		if (server !== null) retired.add(server);
		for (const one of cut ? retired : [server]) void one?.stop(cut).then(() => retired.delete(one));
		server = null;
	}

	/**
	 * Closes the port and binds it again in the same turn. SO_REUSEPORT would leave no moment between, but then every process of the
	 * same user, which may be nobody, could bind the port too and receive a share of the connections with their passwords.
	 */
	function rebind(next: Certificate | undefined, cut: boolean): void {
		retire(cut);
		try {
			server = spare.lend(() => bind(options, bound, next));
			certificate = next;
		} catch (error) {
			if (next !== certificate) server = spare.lend(() => bind(options, bound, certificate));
			throw error;
		}
	}

	const floodFaults = createOnce(onFlood);
	const portFaults = createOnce((fault) => onPort?.(fault));
	const counting = setInterval(() => {
		if (server === null) portFaults(() => rebind(certificate, false));
		else if (countDescriptors() > descriptorsMax) floodFaults(() => rebind(certificate, true));
	}, countEveryMs);
	counting.unref();

	const certificateFaults = createOnce((fault) => onCertificate?.(fault));

	return {
		url,
		port: bound.port,
		address,
		get certificate() {
			return certificate;
		},
		async reloadCertificate() {
			if (tls === undefined || stopped) return;
			const old = certificate;
			const found = await readCertificate(tls).catch((error: unknown) => asWebError(error));
			if (stopped) return;
			if (!(found instanceof WebError) && found.cert === old?.cert && found.key === old.key) return;
			certificateFaults(() => {
				if (found instanceof WebError) throw found;
				rebind(found, false);
			});
		},
		async stop() {
			stopped = true;
			clearInterval(counting);
			spare.close();
			const servers = [...(server === null ? [] : [server]), ...retired];
			const quiet = Promise.all(servers.map((one) => one.stop()));
			await Promise.race([quiet, Bun.sleep(stopGraceMs)]);
			for (const one of servers) void one.stop(true);
		},
	};
}

/** Bun.serve knows the port alone, not the address that a name became (Bun 1.4.5's types). */
async function addressOf(host: string): Promise<string> {
	if (host === "" || isIP(host) !== 0) return host;
	return (await lookup(host).catch(() => null))?.address ?? host;
}

/** Reports each success, and a fault only when it differs from the last: a retry may fail many times. */
function createOnce(report: (fault: WebError | undefined) => void): (work: () => void) => void {
	let last = "";
	return (work) => {
		try {
			work();
		} catch (error) {
			const fault = asWebError(error);
			if (fault.message === last) return;
			last = fault.message;
			return report(fault);
		}
		last = "";
		report(undefined);
	};
}

function asWebError(error: unknown): WebError {
	return error instanceof WebError ? error : new WebError(error instanceof Error ? error.message : String(error));
}

function bind(options: ServerOptions, listen: ListenAddress, certificate: Certificate | undefined): BunServer {
	try {
		return Bun.serve({
			...(listen.host === "" ? {} : { hostname: listen.host }),
			port: listen.port,
			reusePort: false,
			...(certificate === undefined ? {} : { tls: { cert: certificate.cert, key: certificate.key, ciphers } }),
			development: false,
			idleTimeout: idleTimeoutSeconds,
			// Nothing here takes a body; 0 would mean the default of 128 MiB.
			maxRequestBodySize: 1,
			fetch: (request, server) =>
				options.handler(request, {
					address: server.requestIP(request)?.address ?? "",
					keepOpen: () => server.timeout(request, 0),
				}),
		});
	} catch (error) {
		if (error instanceof Error && "code" in error && String(error.code).startsWith("ERR_OSSL")) {
			throw new WebError(
				`${options.tls?.certificateFile} and ${options.tls?.keyFile} cannot be used: ${error.message}`,
			);
		}
		throw bindError(listen, error);
	}
}
