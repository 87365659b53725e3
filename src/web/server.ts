import type { Client } from "./app.ts";
import { type Certificate, type CertificateFiles, readCertificate } from "./certificate.ts";
import { WebError } from "./error.ts";
import { bindError, type ListenAddress, parseListenAddress } from "./listen.ts";

/**
 * A connection without progress is closed after this, and so is one whose request head is not complete by then, however
 * slowly it drips (checked with Bun 1.4.5): longer than the usual scrape interval of 15 s, so that Prometheus keeps its
 * connection; shorter than it takes to gather a full descriptor table of silent connections.
 */
const idleTimeoutSeconds = 30;

/** Requests under way may end within this when the server stops; then they are cut. */
const stopGraceMs = 500;

export interface ServerOptions {
	/** `host:port`, `[ipv6]:port`, or `:port` for every address. */
	listen: string;
	/** HTTPS (TLS 1.2 and up) instead of HTTP. */
	tls?: CertificateFiles;
	handler: (request: Request, client: Client) => Promise<Response>;
	/** Told when a re-read put a new certificate to use (undefined), or why the old one stays; each fault once. */
	onCertificate?(fault: WebError | undefined): void;
}

export interface WebServer {
	/** What to open in a browser on this host. */
	readonly url: string;
	readonly port: number;
	/**
	 * Reads the certificate's files again and serves them to new connections if they changed; requests under way go on.
	 * Call it now and then, and on SIGHUP. Never rejects: see `onCertificate`. Without TLS it does nothing.
	 * The port is bound anew for it, so the process must still be the user that it was at the start, and for
	 * ports below 1024 still hold CAP_NET_BIND_SERVICE.
	 */
	reloadCertificate(): Promise<void>;
	/** Takes no more connections, lets requests under way end for half a second, then cuts what is left. */
	stop(): Promise<void>;
}

type BunServer = Bun.Server<undefined>;

/** Binds the handler to a socket. Throws WebError if the address cannot be bound or the certificate not be used. */
export async function startServer(options: ServerOptions): Promise<WebServer> {
	const { listen, tls, onCertificate } = options;
	const address = parseListenAddress(listen);
	let certificate = tls && (await readCertificate(tls));
	// A second server on this port takes over when the certificate is replaced, and for that both need SO_REUSEPORT. It
	// would also let two exporters share a port unnoticed, so a server without it must be able to bind first.
	if (certificate !== undefined) await bind(options, address).stop(true);
	let server = bind(options, address, certificate);
	const bound = { ...address, port: server.port ?? address.port };
	const retired = new Set<BunServer>();
	let stopped = false;
	let lastFault = "";

	async function replaceCertificate(files: CertificateFiles, old: Certificate): Promise<void> {
		const found = await readCertificate(files);
		if (found.cert === old.cert && found.key === old.key) {
			lastFault = "";
			return;
		}
		if (stopped) return;
		const next = bind(options, bound, found);
		const previous = server;
		server = next;
		certificate = found;
		lastFault = "";
		retired.add(previous);
		void previous.stop().then(() => retired.delete(previous));
		onCertificate?.(undefined);
	}

	return {
		url: server.url.href,
		port: bound.port,
		async reloadCertificate() {
			if (tls === undefined || certificate === undefined || stopped) return;
			try {
				await replaceCertificate(tls, certificate);
			} catch (error) {
				const fault = error instanceof WebError ? error : new WebError(String(error));
				if (fault.message === lastFault) return;
				lastFault = fault.message;
				onCertificate?.(fault);
			}
		},
		async stop() {
			stopped = true;
			const servers = [server, ...retired];
			const quiet = Promise.all(servers.map((one) => one.stop()));
			await Promise.race([quiet, Bun.sleep(stopGraceMs)]);
			for (const one of servers) void one.stop(true);
		},
	};
}

function bind(options: ServerOptions, { hostname, port }: ListenAddress, certificate?: Certificate): BunServer {
	try {
		return Bun.serve({
			...(hostname === undefined ? {} : { hostname }),
			port,
			...(certificate === undefined ? {} : { tls: certificate, reusePort: true }),
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
		if (
			certificate !== undefined &&
			error instanceof Error &&
			"code" in error &&
			String(error.code).startsWith("ERR_OSSL")
		) {
			throw new WebError(`${options.tls?.certFile} and ${options.tls?.keyFile} cannot be used: ${error.message}`);
		}
		throw bindError(options.listen, port, error);
	}
}
