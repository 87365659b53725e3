/** Which files the process can read again with the rights that it has left. */

import { accessSync, constants } from "node:fs";
import { type Config, ConfigError } from "../config/config.ts";

/**
 * A line for each file of the configuration that this process may not read now, so that a newer one in its place would not be
 * taken up; `load` reads the configuration file, as a reload does.
 */
export function unreadableFiles(config: Config, load: () => Config): string[] {
	const files: readonly (readonly [key: string, path: string | null | undefined])[] = [
		["geoip.country-database", config.geoip.countryDatabase],
		["geoip.asn-database", config.geoip.asnDatabase],
		["web.tls.certificate-file", config.web.tls?.certificateFile],
		["web.tls.key-file", config.web.tls?.keyFile],
	];
	const lines: string[] = [];
	for (const [key, path] of files) {
		if (path === null || path === undefined) continue;
		try {
			accessSync(path, constants.R_OK);
		} catch {
			lines.push(`${key} ${path}: let the account of process.user read it`);
		}
	}
	try {
		load();
	} catch (error) {
		if (!(error instanceof ConfigError)) throw error;
		lines.push(...error.problems);
	}
	return lines;
}
