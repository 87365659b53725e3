/**
 * The captures and databases that measurements work on, kept in a folder of their own under the temporary one until their parameters or the
 * code that makes them change.
 *
 *     bun tests/bench/capture.ts [--packets=N] [--sessions=N] [--resolvers=N] [--seed=N] [--seconds=N]     prints paths and counts
 */

import { createHash } from "node:crypto";
import {
	closeSync,
	existsSync,
	mkdirSync,
	openSync,
	readFileSync,
	renameSync,
	rmSync,
	writeFileSync,
	writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { asnRecord, countryRecord, largeAsnMmdb, largeCountryMmdb, type MmdbRow, writeMmdb } from "../support/mmdb.ts";
import { type TrafficCounts, type TrafficOptions, writeTraffic } from "./traffic.ts";

export interface BenchCapture {
	readonly path: string;
	readonly counts: TrafficCounts;
}

/** The work that the targets are given for: a million packets, 20,000 sessions that are active at once, 2,000 resolvers. */
export const standardTraffic: TrafficOptions = {
	kind: "mixed",
	wire: "dnstt",
	packets: 1_000_000,
	sessions: 20_000,
	resolvers: 2_000,
	seed: 1,
	startSeconds: 1_767_323_045,
	seconds: 60,
};

/** The capture of these options; written at the first call, found at later ones. */
export function benchCapture(options: Partial<TrafficOptions> = {}): BenchCapture {
	const all = { ...standardTraffic, ...options };
	const { kind, wire, packets, sessions, resolvers, seed, startSeconds, seconds } = all;
	const name = [kind, wire, packets, sessions, resolvers, seed, startSeconds, seconds].join("-");
	const path = kept(name, "pcap", [sourceOf("traffic.ts")], (part) => {
		const file = openSync(part, "w");
		try {
			const counts = writeTraffic(all, (chunk) => {
				for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at);
			});
			writeFileSync(`${part}.json`, JSON.stringify(counts));
		} finally {
			closeSync(file);
		}
		renameSync(`${part}.json`, `${part.slice(0, -".part".length)}.json`);
	});
	return { path, counts: JSON.parse(readFileSync(`${path}.json`, "utf8")) };
}

export interface BenchDatabases {
	readonly country: string;
	readonly asn: string;
	/** What opens both. */
	readonly flags: readonly string[];
}

/** Two databases of the real ones' size. */
export function benchDatabases(): BenchDatabases {
	const source = sourceOf("../support/mmdb.ts");
	return databases(
		kept("Country", "mmdb", [source], (part) => writeFileSync(part, largeCountryMmdb())),
		kept("ASN", "mmdb", [source], (part) => writeFileSync(part, largeAsnMmdb())),
	);
}

/** Two databases in which each /24 of 10.0.0.0/8 is a network of its own, so that each resolver has its own label set. */
export function finelyDividedDatabases(): BenchDatabases {
	const sources = [sourceOf("../support/mmdb.ts"), sourceOf("capture.ts")];
	const rows = (record: (network: number) => MmdbRow[1]): MmdbRow[] =>
		Array.from({ length: 65_536 }, (_, network) => [`10.${network >> 8}.${network & 255}.0/24`, record(network)]);
	return databases(
		kept("Country-fine", "mmdb", sources, (part) =>
			writeFileSync(
				part,
				writeMmdb(
					rows((network) => countries[network % countries.length] as MmdbRow[1]),
					{
						databaseType: "GeoLite2-Country",
					},
				),
			),
		),
		kept("ASN-fine", "mmdb", sources, (part) =>
			writeFileSync(
				part,
				writeMmdb(
					rows((network) => asnRecord(network + 1)),
					{ databaseType: "GeoLite2-ASN" },
				),
			),
		),
	);
}

const countries = Array.from({ length: 26 * 9 }, (_, index) =>
	countryRecord(String.fromCharCode(65 + Math.floor(index / 26), 65 + (index % 26))),
);

function databases(country: string, asn: string): BenchDatabases {
	return { country, asn, flags: [`--geoip.country-database=${country}`, `--geoip.asn-database=${asn}`] };
}

/** A folder for what is written while measuring. */
export function benchFolder(): string {
	const folder = join(tmpdir(), `dnstt_exporter-bench-${process.getuid?.() ?? 0}`);
	// Readable for the account that the exporter becomes, which looks whether databases were replaced.
	mkdirSync(folder, { recursive: true, mode: 0o755 });
	return folder;
}

/** The file of this name that was made from these inputs, in place of one made from others; `make` writes it to the path it is given. */
function kept(name: string, extension: string, inputs: readonly string[], make: (part: string) => void): string {
	const hash = createHash("sha256").update(inputs.join("\0")).digest("hex").slice(0, 12);
	const path = join(benchFolder(), `${name}-${hash}.${extension}`);
	if (existsSync(path)) return path;
	// Of earlier code.
	for (const old of new Bun.Glob(`${name}-????????????.${extension}*`).scanSync({ cwd: benchFolder() }))
		rmSync(join(benchFolder(), old));
	console.error(`bench: writing ${path}`);
	make(`${path}.part`);
	renameSync(`${path}.part`, path);
	return path;
}

function sourceOf(file: string): string {
	return readFileSync(join(import.meta.dir, file), "utf8");
}

if (import.meta.main) {
	const names = ["packets", "sessions", "resolvers", "seed", "seconds"] as const;
	const { values } = parseArgs({
		options: Object.fromEntries(names.map((name) => [name, { type: "string" as const }])),
	});
	const given = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)]));
	console.log(JSON.stringify({ ...benchCapture(given), databases: benchDatabases() }, null, 2));
}
