import { describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync } from "node:fs";
import { exporterCommand } from "../support/exporter.ts";
import { parseExposition, type Samples } from "../support/exposition.ts";
import { haveNetns, makeNetwork, type Namespace } from "../support/netns.ts";
import { type Child, until } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { capturePath, expectedCounts, recordedDomain } from "./captures.ts";

const [executable = ""] = exporterCommand();
const linePattern =
	/^[\d,]+ active, [\d,]+ sessions, [\d.,]+ queries\/s, received [\d.]+ k?B\/s, sent [\d.]+ [kM]?B\/s$/;

/** Starts the demo and waits until it has told where it serves. */
async function startDemo(host: Namespace, command: readonly string[]): Promise<{ child: Child; url: string }> {
	const child = host.spawn([...command, "demo", "--web.listen-address=127.0.0.1:0"]);
	const url = await until(
		() => {
			if (child.exitCode() !== null) throw new Error(`the demo ended: ${child.stderr()}`);
			return /^Metrics: (http:\/\/127\.0\.0\.1:\d+\/metrics)$/m.exec(child.stdout())?.[1];
		},
		() => child.stdout() + child.stderr(),
	);
	return { child, url };
}

const scrape = async (host: Namespace, url: string): Promise<Samples> =>
	parseExposition(await (await host.fetch(url)).text());

/** Upper bounds of round trips in seconds with how many took no longer, over all countries. */
function tripsOf(samples: Samples): [number, number][] {
	const held = new Map<number, number>();
	for (const { name, labels, value } of samples.all) {
		if (name !== "dnstt_round_trip_seconds_bucket") continue;
		const bound = Number(labels.le?.replace("+Inf", "Infinity"));
		held.set(bound, (held.get(bound) ?? 0) + value);
	}
	return [...held];
}

/** How many times a round has the recording: five begin one after the other. */
const times = 5;

/** Clients of a round by country and network. */
const places: readonly (readonly [country: string, asn: string, organization: string, clients: number])[] = [
	["BY", "64501", "Example Fibre", 1],
	["CN", "64498", "Example Telecom", 2],
	["DE", "64502", "Example Hosting", 1],
	["IR", "64496", "Example Mobile", 4],
	["IR", "64497", "Example Broadband", 3],
	["RU", "64499", "Example Cable", 2],
	["TM", "64500", "Example Online", 1],
	["US", "64503", "Example Public DNS", 1],
];

/** The recording as it is read from its file, and not sent. */
async function inspected(host: Namespace, command: readonly string[]): Promise<Samples> {
	const child = host.spawn([
		...[...command, "inspect", "--format=prometheus", `--dnstt.domain=${recordedDomain}`],
		capturePath("direct-ipv4"),
	]);
	expect(await child.exited).toBe(0);
	return parseExposition(child.stdout());
}

/** Two rounds have twice a round's counts and sessions, and the round trips are as long as the recording's own. */
async function playsTwoRounds(
	host: Namespace,
	{ child, url }: { readonly child: Child; readonly url: string },
	recording: Samples,
): Promise<void> {
	const expected = await expectedCounts("direct-ipv4");
	const when = (holds: (samples: Samples) => boolean) =>
		until(
			async () => {
				const samples = await scrape(host, url);
				return holds(samples) ? samples : undefined;
			},
			child.stdout,
			30_000,
		);
	// Between two rounds lies a second without traffic: the first is then counted, and nothing of the next.
	const first = await when((samples) => samples.sum("dnstt_queries_total") >= times * expected.queries);
	expect(first.sum("dnstt_queries_total")).toBe(times * expected.queries);
	expect(first.sum("dnstt_bytes_in_total")).toBe(times * expected.bytes_in);
	expect(first.sum("dnstt_sessions_total")).toBe(times * expected.sessions);
	expect(first.sum("dnstt_domain_peak_clients")).toBe(times * expected.sessions);
	const second = await when((samples) => samples.sum("dnstt_sessions_total") === 2 * times * expected.sessions);
	expect(second.sum("dnstt_bytes_out_total")).toBeGreaterThanOrEqual(times * expected.bytes_out);
	expect(second.sum("dnstt_active_clients")).toBe(2 * times * expected.sessions);
	for (const [country, asn, organization, clients] of places) {
		const labels = { domain: recordedDomain, country, asn };
		expect([labels, second.value("dnstt_sessions_total", labels)]).toEqual([labels, 2 * clients]);
		expect(second.value("dnstt_asn_info", { asn, organization })).toBe(1);
	}
	for (const path of ["/metrics", "/status.json", "/"]) {
		const text = await (await host.fetch(new URL(path, url).href)).text();
		expect([path, text.includes("Example Mobile"), text.includes(".0.53")]).toEqual([path, true, false]);
	}
	const both = await when((samples) => samples.sum("dnstt_queries_total") >= 2 * times * expected.queries);
	expect(both.sum("dnstt_queries_total")).toBe(2 * times * expected.queries);
	expect(both.sum("dnstt_exporter_malformed_packets_total")).toBe(0);
	// A message that leaves late, on a busy machine, can make an acknowledgement older than its session: that counts here, and as no round trip.
	const late = both.value("dnstt_exporter_segment_faults_total", { reason: "echo" }) ?? Number.NaN;
	expect(both.sum("dnstt_exporter_segment_faults_total") - late).toBe(
		2 * times * recording.sum("dnstt_exporter_segment_faults_total"),
	);
	expect(both.sum("dnstt_unmatched_responses_total")).toBe(0);
	expect(both.sum("dnstt_exporter_geoip_reload_failures_total")).toBe(0);
	const trips = recording.sum("dnstt_round_trip_seconds_count");
	expect(late).toBeLessThan(0.1 * times * trips);
	expect(both.sum("dnstt_round_trip_seconds_count") + late).toBe(2 * times * trips);
	// A timer may be late, and the longest recorded one is just below its bound: the next bound holds all.
	const longest = tripsOf(recording).find(([, held]) => held === trips)?.[0] ?? 0;
	expect(longest).toBeWithin(0.1, 1);
	expect(tripsOf(both)).toContainEqual([2 * longest, 2 * times * trips - late]);
	child.kill("SIGINT");
	expect(await child.exited).toBe(0);
	// Not a minute: the line that is written at the end is the only one.
	expect(
		child
			.stdout()
			.trimEnd()
			.split("\n")
			.filter((line) => / active, /.test(line)),
	).toEqual([expect.stringMatching(linePattern)]);
	expect(child.stdout()).not.toContain("\r");
}

describe.skipIf(!haveNetns())("the demo", () => {
	test("plays the recording on loopback and counts it, round after round with fresh clients, also without permission", async () => {
		using folder = temporaryFolder();
		chmodSync(folder.path, 0o755);
		copyFileSync(executable, folder.file("dnstt_exporter"));
		using network = makeNetwork();
		const asNobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
		const recording = await inspected(network.namespace("inspect"), [executable]);
		const withPermission = async () => {
			const host = network.namespace("demo");
			const { child, url } = await startDemo(host, [folder.file("dnstt_exporter")]);
			expect(child.stdout()).toMatch(
				/^Status page: http:\/\/127\.0\.0\.1:\d+\/ {3}.*\nMetrics: .*\nRecorded dnstt traffic goes over 127\.0\.0\.1, port \d+, and is captured on lo\.\n/,
			);
			expect(child.stderr()).toContain("domains=t.example.com interface=lo");
			await playsTwoRounds(host, { child, url }, recording);
		};
		const without = async () => {
			const host = network.namespace("nobody");
			const { child, url } = await startDemo(host, [...asNobody, folder.file("dnstt_exporter")]);
			expect(child.stdout()).toMatch(
				/^Status page: .*\nMetrics: .*\nno permission to capture on lo: .*\nSo the recorded traffic is read as from a file instead\.\n/,
			);
			expect(child.stderr()).toBe("");
			await playsTwoRounds(host, { child, url }, recording);
		};
		await Promise.all([withPermission(), without()]);
	}, 120_000);

	test("ends after --seconds", async () => {
		using network = makeNetwork();
		const host = network.namespace("seconds");
		const start = performance.now();
		const child = host.spawn([executable, "demo", "--seconds=1"]);
		expect(await child.exited).toBe(0);
		expect(performance.now() - start).toBeLessThan(3000);
		expect(child.stdout()).toContain("Metrics: http://127.0.0.1:9713/metrics\n");
	});

	test.skipIf(Bun.which("script") === null)(
		"writes one line over and over on a terminal, within its width",
		async () => {
			using network = makeNetwork();
			const command = `stty cols 60; exec ${executable} demo --seconds=4`;
			const child = network.namespace("terminal").spawn(["script", "-qec", command, "/dev/null"], {
				env: { TERM: "xterm", PATH: process.env.PATH ?? "" },
			});
			expect(await child.exited).toBe(0);
			const [, ...lines] = child.stdout().trimEnd().split("\r\x1b[K");
			expect(lines.length).toBeWithin(3, 7);
			for (const line of lines) {
				expect(line).toMatch(/^\d+ active, \d+ sessions, [\d.]+ queries\/s, received [\d.]+ /);
				expect(line.length).toBeLessThan(60);
			}
		},
	);
});
