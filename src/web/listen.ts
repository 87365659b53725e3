import { WebError } from "./error.ts";

/** An address to bind; without `hostname` it is every address of the host, IPv6 and IPv4. */
export interface ListenAddress {
	hostname?: string;
	port: number;
}

/**
 * Parses `host:port`, `[ipv6]:port` or `:port` (every address), as Go's net.Listen takes them. Port 0 lets the kernel choose.
 * Throws WebError for anything else.
 */
export function parseListenAddress(listen: string): ListenAddress {
	const [, bracketed, plain, digits] = /^(?:\[([0-9A-Fa-f:.%\w]+)\]|([^:[\]\s]*)):(\d{1,5})$/.exec(listen) ?? [];
	const port = Number(digits ?? Number.NaN);
	if (!(port <= 65535)) {
		throw new WebError(
			`web.listen-address "${listen}" is no address and port: write host:port, [ipv6]:port or :port, as 127.0.0.1:9713`,
		);
	}
	const hostname = bracketed ?? plain ?? "";
	return hostname === "" ? { port } : { hostname, port };
}

/** Turns what the runtime says when it cannot bind into a line that tells what to do. `listen` is the address as configured. */
export function bindError(listen: string, port: number, error: unknown): WebError {
	const message = error instanceof Error ? error.message : String(error);
	const code = error instanceof Error && "code" in error ? error.code : undefined;
	const failed = `cannot listen on ${listen}:`;
	if (code === "EADDRINUSE") {
		return new WebError(`${failed} the port is in use; see by whom with: ss -ltnp 'sport = :${port}'`);
	}
	if (code === "EADDRNOTAVAIL") {
		return new WebError(`${failed} this host has no such address, or the name has none; see: ip -brief address`);
	}
	if (code === "EACCES" || /permission denied/i.test(message)) {
		return new WebError(
			`${failed} permission denied; take a port of 1024 or higher, or grant CAP_NET_BIND_SERVICE (systemd: AmbientCapabilities=)`,
		);
	}
	return new WebError(`${failed} ${message}`);
}
