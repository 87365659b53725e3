import { describe, expect, test } from "bun:test";
import { bindError } from "../../src/web/listen.ts";

const failure = (code: string, message: string) => Object.assign(new Error(message), { code });

describe("bindError says what fixes it in one line", () => {
	const rows: [string, string, Error, string][] = [
		[
			"a port in use",
			"127.0.0.1",
			failure("EADDRINUSE", "Failed to start server"),
			"cannot listen on 127.0.0.1:80: the port is in use; see by whom with: ss -ltnp 'sport = :80'",
		],
		[
			"an address of another host",
			"2001:db8::1",
			failure("EADDRNOTAVAIL", "address not available"),
			"cannot listen on [2001:db8::1]:80: this host has no such address; see: ip -brief address",
		],
		[
			"a low port without the capability",
			"",
			failure("EACCES", "permission denied 0.0.0.0:80"),
			"cannot listen on :80: permission denied; use a port of 1024 or higher, or grant CAP_NET_BIND_SERVICE (systemd: AmbientCapabilities=)",
		],
		...["EINVAL", "EPERM", "EADDRNOTAVAIL"].map((code): [string, string, Error, string] => [
			`a name that was not found, reported as ${code}`,
			"nosuchhost.invalid",
			failure(code, `${code}: listen`),
			"cannot listen on nosuchhost.invalid:80: the name nosuchhost.invalid has no address of this host; use an address, or fix /etc/hosts or DNS",
		]),
		[
			"a port in use behind a name",
			"localhost",
			failure("EADDRINUSE", "Failed to start server"),
			"cannot listen on localhost:80: the port is in use; see by whom with: ss -ltnp 'sport = :80'",
		],
		[
			"what an address may not do",
			"192.0.2.1",
			failure("EPERM", "EPERM: operation not permitted, listen"),
			"cannot listen on 192.0.2.1:80: EPERM: operation not permitted, listen",
		],
		["anything else", "", failure("EMFILE", "too many open files"), "cannot listen on :80: too many open files"],
	];
	test.each(rows)("%s", (_title, host, error, expected) => {
		expect(bindError({ host, port: 80 }, error).message).toBe(expected);
	});
});
