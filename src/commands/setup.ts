/** Settings that an operator would rather change: `run` logs them at the start, `check-config` warns of them. */

import { existsSync, readdirSync } from "node:fs";
import type { Config } from "../config/schema.ts";
import { writeListenAddress } from "../config/values.ts";
import { isLoopback, isUnspecified } from "../web/network.ts";

/** Has an entry for each interface. */
const interfaces = "/sys/class/net";

export interface SetupProblem {
	readonly problem: string;
	readonly remedy: string;
}

/** Of the address that is listened on. */
export function listenProblems({ listen, basicAuth, tls }: Config["web"]): SetupProblem[] {
	const problems: SetupProblem[] = [];
	if (isUnspecified(listen.host) && basicAuth === null)
		problems.push({
			problem: `serving on all addresses (${writeListenAddress(listen)}) without a password: everyone who reaches the port sees that a tunnel runs here`,
			remedy: "listen on 127.0.0.1 or a private address, or set web.basic-auth and web.tls",
		});
	if (basicAuth !== null && tls === null && !isLoopback(listen.host) && listen.host !== "localhost")
		problems.push({
			problem: `serving on ${isUnspecified(listen.host) ? "all addresses" : listen.host} with a password and without TLS: everyone on the way can read the password`,
			remedy: "set web.tls, or listen on 127.0.0.1",
		});
	return problems;
}

/** Of domains that are hardly meant so: a tunnel's domain is delegated to its server, and one of a single label is a top-level domain. */
export function domainProblems({ dnstt, vaydns }: Pick<Config, "dnstt" | "vaydns">): SetupProblem[] {
	const named = [
		...dnstt.domains.map((name) => ({ key: "dnstt.domain", name })),
		...vaydns.domains.map(({ name }) => ({ key: "vaydns.domain", name })),
	];
	return named
		.filter(({ name }) => !name.includes("."))
		.map(({ key, name }) => ({
			problem: `${key} ${name} has one label only, as a top-level domain`,
			remedy: "set the tunnel's whole domain, as on the server's command line (such as t.example.com)",
		}));
}

/** Of the interface: `run` cannot start without it. */
export function interfaceProblems({ interface: name }: Config["capture"]): SetupProblem[] {
	// Without /sys only `run` finds out.
	if (name === "any" || !existsSync(interfaces) || readdirSync(interfaces).includes(name)) return [];
	return [{ problem: `capture.interface ${name} does not exist on this host`, remedy: "see: ip -brief link" }];
}
