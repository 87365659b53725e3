import { readdirSync, readFileSync } from "node:fs";

/** Has a folder for each interface, and may have files. */
const interfaces = "/sys/class/net";

/** The name of the interface of this number (if_nametoindex(3)); null if there is none, or it cannot be looked up. */
export function interfaceNameOf(index: number): string | null {
	try {
		return readdirSync(interfaces).find((name) => indexOf(name) === index) ?? null;
	} catch {
		return null;
	}
}

/** Null for bonding_masters, which is no interface, and for one that was removed meanwhile. */
function indexOf(name: string): number | null {
	try {
		return Number(readFileSync(`${interfaces}/${name}/ifindex`, "utf8"));
	} catch {
		return null;
	}
}
