import type { ListenAddress } from "../config/values.ts";
import type { Client } from "./app.ts";
import { type Certificate, type CertificateFiles, readCertificate } from "./certificate.ts";
import { countDescriptors, createSpare, descriptorLimit } from "./descriptors.ts";
import { WebError } from "./error.ts";
import { bindError } from "./listen.ts";
import { relayedClient } from "./relay.ts";

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
 * connection, and when the descriptors run out it spins on accept; so beyond this all are cut and the port is bound anew.
 */
export const connectionsMax = 4096;

/** How often connections are counted; a flood has this long to fill the table. */
const countEveryMs = 1000;

export interface ServerOptions {
	/** An empty host is every address, IPv6 and IPv4; port 0 lets the kernel choose. */
	listen: ListenAddress;
	/** HTTPS (TLS 1.2 and up) instead of HTTP. */
	tls?: CertificateFiles;
	/** What those files held, if they were read already: with rights that the process has given up since. */
	certificate?: Certificate;
	handler: (request: Request, client: Client) => Promise<Response>;
	/** Told when a re-read put a new certificate to use (undefined), or why the old one stays; each fault once. */
	onCertificate?(fault: WebError | undefined): void;
	/** Told that there were too many connections: all of them were cut (undefined), or why that was impossible; each fault once. */
	onFlood(fault: WebError | undefined): void;
}

export interface WebServer {
	/** What to open in a browser on this host. */
	readonly url: string;
	readonly port: number;
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
 * A new certificate, and a flood of connections, have the port bound anew while the old socket still listens. The kernel
 * allows that to the same user only, and for ports below 1024 with CAP_NET_BIND_SERVICE: drop privileges before, not after.
 */
export async function startServer(options: ServerOptions): Promise<WebServer> {
	const { listen, tls, onCertificate, onFlood } = options;
	let certificate = tls && (options.certificate ?? (await readCertificate(tls)));
	// Binding anew takes SO_REUSEPORT on both sockets. It would also let two exporters share a port unnoticed, so a server
	// without it must be able to bind first.
	void bind(options, listen, certificate, false).stop(true);
	let server = bind(options, listen, certificate, true);
	const bound = { ...listen, port: server.port ?? listen.port };
	const retired = new Set<BunServer>();
	const spare = createSpare();
	const opened = countDescriptors();
	const descriptorsMax = opened + Math.min(connectionsMax, (descriptorLimit() - opened) / 2);
	let stopped = false;

	/** Lets a new server take over the port; the old one ends its requests, or is cut with all its connections. */
	function rebind(cut: boolean): void {
		const previous = server;
		try {
			server = spare.lend(() => bind(options, bound, certificate, true));
		} catch (error) {
			throw new WebError(
				`the port cannot be bound anew, which takes the user and capabilities of the start: restart the exporter (${asWebError(error).message})`,
			);
		}
		retired.add(previous);
		for (const one of cut ? retired : [previous]) void one.stop(cut).then(() => retired.delete(one));
	}

	const floodFaults = createOnce(onFlood);
	const counting = setInterval(() => {
		if (countDescriptors() <= descriptorsMax) return;
		floodFaults(() => rebind(true));
	}, countEveryMs);
	counting.unref();

	const certificateFaults = createOnce((fault) => onCertificate?.(fault));

	return {
		url: server.url.href,
		port: bound.port,
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
				certificate = found;
				try {
					rebind(false);
				} catch (error) {
					certificate = old;
					throw error;
				}
			});
		},
		async stop() {
			stopped = true;
			clearInterval(counting);
			spare.close();
			const servers = [server, ...retired];
			const quiet = Promise.all(servers.map((one) => one.stop()));
			await Promise.race([quiet, Bun.sleep(stopGraceMs)]);
			for (const one of servers) void one.stop(true);
		},
	};
}

/** Tells each success, and a fault when it is another one than the last time: what is tried again and again may fail as often. */
function createOnce(tell: (fault: WebError | undefined) => void): (work: () => void) => void {
	let last = "";
	return (work) => {
		try {
			work();
		} catch (error) {
			const fault = asWebError(error);
			if (fault.message === last) return;
			last = fault.message;
			return tell(fault);
		}
		last = "";
		tell(undefined);
	};
}

function asWebError(error: unknown): WebError {
	return error instanceof WebError ? error : new WebError(error instanceof Error ? error.message : String(error));
}

/** The peer's address as text, and where the peer is a relay, that of whom it connected for; "" if unknown. */
function clientAddress(server: BunServer, request: Request): string {
	const peer = server.requestIP(request);
	if (peer === null) return "";
	return relayedClient(server.port ?? 0, peer.port) ?? peer.address;
}

function bind(
	options: ServerOptions,
	listen: ListenAddress,
	certificate: Certificate | undefined,
	reusePort: boolean,
): BunServer {
	try {
		return Bun.serve({
			...(listen.host === "" ? {} : { hostname: listen.host }),
			port: listen.port,
			reusePort,
			...(certificate === undefined ? {} : { tls: { cert: certificate.cert, key: certificate.key } }),
			development: false,
			idleTimeout: idleTimeoutSeconds,
			// Nothing here takes a body; 0 would mean the default of 128 MiB.
			maxRequestBodySize: 1,
			fetch: (request, server) =>
				options.handler(request, {
					address: clientAddress(server, request),
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
