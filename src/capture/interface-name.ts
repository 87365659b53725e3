import { readdirSync, readFileSync } from "node:fs";

/** Has a folder for each interface. */
const interfaces = "/sys/class/net";

/** The name of the interface of this number (if_nametoindex(3)); null if there is none, or it cannot be looked up. */
export function interfaceNameOf(index: number): string | null {
	try {
		const isIt = (name: string) => Number(readFileSync(`${interfaces}/${name}/ifindex`, "utf8")) === index;
		return readdirSync(interfaces).find(isIt) ?? null;
	} catch {
		return null;
	}
}
