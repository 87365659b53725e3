import type { Printable } from "../cli.ts";
import { configJsonSchema } from "../config.ts";

/** The text of what `print` is asked for. */
export function printed(what: Printable): string {
	switch (what) {
		case "config-schema":
			return `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
		default:
			throw new Error(`${what} is not written yet`);
	}
}
