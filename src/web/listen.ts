import { isIP } from "node:net";
import { type ListenAddress, writeListenAddress } from "../config/values.ts";
import { WebError } from "./error.ts";

/** Turns the runtime's error for an address that cannot be bound into one line that says what to do. */
export function bindError(listen: ListenAddress, error: unknown): WebError {
	const message = error instanceof Error ? error.message : String(error);
	const code = error instanceof Error && "code" in error ? error.code : undefined;
	const failed = `cannot listen on ${writeListenAddress(listen)}:`;
	if (code === "EADDRINUSE") {
		return new WebError(`${failed} the port is in use; see by whom with: ss -ltnp 'sport = :${listen.port}'`);
	}
	if (code === "EACCES" || /permission denied/i.test(message)) {
		return new WebError(
			`${failed} permission denied; use a port of 1024 or higher, or grant CAP_NET_BIND_SERVICE (systemd: AmbientCapabilities=)`,
		);
	}
	if (listen.host !== "" && isIP(listen.host) === 0) {
		// The runtime does not say that a name was not found: its code is whatever failed last, such as EINVAL or EPERM.
		return new WebError(
			`${failed} the name ${listen.host} has no address of this host; use an address, or fix /etc/hosts or DNS`,
		);
	}
	if (code === "EADDRNOTAVAIL") {
		return new WebError(`${failed} this host has no such address; see: ip -brief address`);
	}
	return new WebError(`${failed} ${message}`);
}
