/** The network that one party holds: an IPv4 address, or the /64 of an IPv6 address (RFC 6177). Takes an address as text. */
export function networkOf(address: string): string {
	if (!address.includes(":") || address.includes(".")) return address;
	const [head = "", tail] = address.split("::");
	const groups = head === "" ? [] : head.split(":");
	if (tail !== undefined) {
		const after = tail === "" ? [] : tail.split(":");
		while (groups.length + after.length < 8) groups.push("0");
		groups.push(...after);
	}
	return groups.slice(0, 4).join(":");
}

/** Whether an address as text is of this host, which may be a proxy that many clients share. */
export function isLoopback(address: string): boolean {
	return address === "::1" || /^(::ffff:)?127\./.test(address);
}

/** Whether a host to listen on, an address without brackets, is all of this host's addresses (RFC 4291, 2.5.2); none is, too. */
export function isUnspecified(host: string): boolean {
	return /^(0\.0\.0\.0)?$/.test(host) || /^[0:]*:[0:]*$/.test(host);
}
