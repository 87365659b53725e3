import { isIP } from "node:net";

/** A Host header's value (RFC 9110, 7.2): what names the host, and a port. */
const hostPattern = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::\d{0,5})?$/i;

/**
 * Creates the check of a Host header against DNS rebinding: a web page under a foreign name that then resolves to 127.0.0.1 would read
 * through the browser of an operator who uses a tunnel. Addresses are served, as no one can make a page's address ours,
 * localhost, and these names, lower case. So is no host (null) or an empty one: no browser sends that.
 */
export function createHostCheck(names: readonly string[]): (host: string | null) => boolean {
	return (host) => {
		if (host === null || host === "") return true;
		const [, bracketed, plain = ""] = hostPattern.exec(host) ?? [];
		if (bracketed !== undefined) return isIP(bracketed) === 6;
		const name = plain.toLowerCase().replace(/\.$/, "");
		return isIP(name) === 4 || /^(.+\.)?localhost$/.test(name) || names.includes(name);
	};
}
