/**
 * What takes longer than `npm test`: the exporter under everything at once, for minutes.
 *
 *     npm run test:soak                                   10 minutes
 *     bun tests/soak/run.ts [--minutes=N] [--seed=N] [--exporter=PATH]
 *
 * Seven tenths of the time a running exporter (live.ts), with both databases open, a bound on label sets that is too small for
 * the traffic and the default bound on sessions, takes queries of client ids that never return, as fast as tcpreplay sends
 * them. Meanwhile its interface goes down and up every 30 s, its databases are replaced every 20 s (one in three by
 * a damaged one), its configuration changes every 15 s with a SIGHUP (one in four is broken), and on the web side there are
 * readers that hardly read, silent connections and a flood of wrong passwords. Checked: tables stay within their limits and what
 * had to go is counted, memory is flat once the tables are full, no descriptor and no thread leaks, every scrape is answered in
 * time, counters only grow, what was sent afterwards is counted to the byte, and SIGTERM ends it within a second.
 *
 * A tenth, a running exporter takes two floods that it cannot follow (floods.ts): it has to answer and feed its watchdog all the same.
 *
 * One fifth, at most a minute a seed, mutated frames go through decoder and tracker in a process of its own (fuzz.ts). Seeds are printed;
 * `--seed` repeats one.
 *
 * Needs root, for network namespaces; traffic stays in those that it makes. Ends with the line `N passed, N failed`; the exit
 * code is 1 when anything failed, 2 when it cannot run here.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { installTools } from "../../src/build/tools.ts";
import { haveNetns, removeLeftovers } from "../support/netns.ts";
import { tools } from "../support/tools.ts";
import { Checks } from "./checks.ts";
import { floodsPart } from "./floods.ts";
import { fuzzPart } from "./fuzz.ts";
import { livePart } from "./live.ts";

const fuzzShare = 0.2;
const floodsShare = 0.1;
const secondsASeedMost = 60;
/** Less is too short for the tables to fill and for each disturbance to come once. */
const minutesLeast = 2;

const { values } = parseArgs({
	options: {
		minutes: { type: "string", default: "10" },
		seed: { type: "string" },
		exporter: { type: "string", default: resolve(import.meta.dir, "../../dist/dnstt_exporter") },
	},
});
const minutes = Number(values.minutes);
if (!(minutes >= minutesLeast)) {
	console.error(`soak: --minutes=${values.minutes}: must be a number of at least ${minutesLeast}`);
	process.exit(2);
}
if (!(await installTools((line) => console.log(`programs: ${line}`), tools)) || !haveNetns()) {
	console.error("soak: needs root, for network namespaces, and the programs above");
	process.exit(2);
}

const seed = values.seed === undefined ? crypto.getRandomValues(new Uint32Array(1))[0] : Number(values.seed);
const checks = new Checks();
const seconds = minutes * 60;
const fuzzSeconds = seconds * fuzzShare;
console.log(`soak: ${minutes} minutes, seed ${seed}`);
const floodsSeconds = seconds * floodsShare;
const liveSeconds = seconds - fuzzSeconds - floodsSeconds;
await livePart({ exporterPath: values.exporter, seconds: liveSeconds, seed: seed ?? 0, checks });
await floodsPart({ exporterPath: values.exporter, seconds: floodsSeconds, checks });
const seeds = Math.ceil(fuzzSeconds / secondsASeedMost);
for (let index = 0; index < seeds; index++) {
	await fuzzPart({ seed: ((seed ?? 0) + index) >>> 0, seconds: fuzzSeconds / seeds, checks });
}
removeLeftovers();
console.log(checks.line);
process.exitCode = checks.exitCode;
