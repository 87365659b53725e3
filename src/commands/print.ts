import type { Printable } from "../cli/commands.ts";
import { version } from "../version.ts";

/**
 * Returns the text that `print` prints, which ends with a line feed. Its maker is imported only here, so that no other command loads it.
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
		case "reference":
			return (await import("../print/reference.ts")).reference();
	}
}
