import type { Printable } from "../cli/commands.ts";
import { version } from "../version.ts";

/**
 * The text of what `print` is asked for, with a line feed at its end. What it is made by is loaded only now: no other command waits for it.
 */
export async function printed(what: Printable): Promise<string> {
	switch (what) {
		case "config-schema":
			return `${JSON.stringify((await import("../config/jsonschema.ts")).configJsonSchema(), null, 2)}\n`;
		case "systemd-unit":
			return (await import("../print/unit.ts")).systemdUnit();
		case "prometheus-rules":
			return (await import("../print/rules.ts")).prometheusRules();
		case "grafana-dashboard":
			return (await import("../print/dashboard.ts")).grafanaDashboard();
		case "nixos-module":
			return (await import("../print/nixos.ts")).nixosModule();
		case "completion-bash":
			return (await import("../print/completion.ts")).bashCompletion();
		case "completion-zsh":
			return (await import("../print/completion.ts")).zshCompletion();
		case "completion-fish":
			return (await import("../print/completion.ts")).fishCompletion();
		case "man":
			return (await import("../print/man.ts")).manPage(version);
	}
}
