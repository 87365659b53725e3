/**
 * Measures the built executable, beside other programs where they are installed (Debian: tcpdump, dnscap, dnstop, tshark, tcpreplay, curl):
 *
 *     bun tests/bench/bench.ts [--part=inspect|live|scrape|growth]... [--peers=all] [--exporter=PATH]
 *
 * Captures stay in a folder under the temporary one (about 3 GB for all parts). The live parts need root. The exit code is 1 when a target was missed.
 */

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { haveNetns } from "../support/netns.ts";
import { growthPart, inspectPart } from "./inspect.ts";
import { livePart } from "./live.ts";
import { missed, printHeading, printMachine } from "./measure.ts";
import { scrapePart } from "./scrape.ts";

const { values } = parseArgs({
	options: {
		part: { type: "string", multiple: true, default: ["inspect", "live", "scrape", "growth"] },
		/** "all" takes tshark in, which takes minutes where the others take seconds. */
		peers: { type: "string", default: "quick" },
		exporter: { type: "string", default: resolve(import.meta.dir, "../../dist/dnstt_exporter") },
	},
});

const { exporter } = values;
const parts: Record<string, { readonly heading: string; readonly live: boolean; run(): Promise<void> }> = {
	inspect: {
		heading: "Reading a capture of 1,000,000 packets (medians of five alternating runs)",
		live: false,
		run: () => inspectPart(exporter, values.peers === "all"),
	},
	live: { heading: "Live, tcpreplay into a network namespace", live: true, run: () => livePart(exporter) },
	scrape: { heading: "Start, idle size and scrapes", live: true, run: () => scrapePart(exporter) },
	growth: { heading: "Growth with the number of sessions", live: false, run: () => growthPart(exporter) },
};

for (const part of values.part) {
	if (parts[part] !== undefined) continue;
	console.error(`bench: unknown part "${part}"; expected one of ${Object.keys(parts).join(", ")}`);
	process.exit(2);
}
await printMachine(exporter);
for (const [name, part] of Object.entries(parts)) {
	if (!values.part.includes(name)) continue;
	printHeading(part.heading);
	if (part.live && !haveNetns()) console.log("skipped: needs root, for network namespaces");
	else await part.run();
}
console.log(missed === 0 ? "\nAll targets met." : `\n${missed} missed.`);
process.exitCode = missed === 0 ? 0 : 1;
