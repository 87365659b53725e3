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
	/^queries ([\d,]+) {3}bytes in ([\d,]+) {3}bytes out ([\d,]+) {3}sessions ([\d,]+) {3}active (\d+) {3}peak (\d+)$/;

/** Starts the demo and waits until it has told where it serves. */
async function startDemo(host: Namespace, command: readonly string[]): Promise<{ child: Child; url: string }> {
	const child = host.spawn([...command, "demo", "--web.listen-address=127.0.0.1:0"]);
	const url = await until(
		() => {
			if (child.exitCode() !== null) throw new Error(`the demo ended: ${child.stderr()}`);
			return /^Metrics: (http:\/\/127\.0\.0\.1:\d+\/metrics) /m.exec(child.stdout())?.[1];
		},
		() => child.stdout() + child.stderr(),
	);
	return { child, url };
}

const scrape = async (host: Namespace, url: string): Promise<Samples> =>
	parseExposition(await (await host.fetch(url)).text());

/** The figures of each line of counts that was printed. */
function countLines(child: Child): number[][] {
	return child
		.stdout()
		.split("\n")
		.flatMap((line) => {
			const found = linePattern.exec(line);
			return found === null ? [] : [found.slice(1).map((figure) => Number(figure.replaceAll(",", "")))];
		});
}

/** Upper bounds of round trips in seconds with how many took no longer. */
const tripsOf = (samples: Samples): [number, number][] =>
	samples.all
		.filter(({ name }) => name === "dnstt_round_trip_seconds_bucket")
		.map(({ labels, value }) => [Number(labels.le?.replace("+Inf", "Infinity")), value]);

/** The recording as it is read from its file, and not sent. */
async function inspected(host: Namespace, command: readonly string[]): Promise<Samples> {
	const child = host.spawn([
		...[...command, "inspect", "--format=prometheus", `--dnstt.domain=${recordedDomain}`],
		capturePath("direct-ipv4"),
	]);
	expect(await child.exited).toBe(0);
	return parseExposition(child.stdout());
}

/** Two rounds have twice the recording's counts and sessions, and the round trips are as long as its own. */
async function playsTwoRounds(
	host: Namespace,
	{ child, url }: { readonly child: Child; readonly url: string },
	recording: Samples,
	tookMs: () => number,
): Promise<void> {
	const expected = await expectedCounts("direct-ipv4");
	const labels = { domain: recordedDomain };
	// Between two rounds lies a second without traffic: the first is then counted, and nothing of the next.
	const first = await until(
		async () => {
			const samples = await scrape(host, url);
			return samples.sum("dnstt_queries_total") >= expected.queries ? samples : undefined;
		},
		child.stdout,
		15_000,
	);
	expect(first.value("dnstt_queries_total", labels)).toBe(expected.queries);
	expect(first.value("dnstt_bytes_in_total", labels)).toBe(expected.bytes_in);
	expect(first.value("dnstt_sessions_total", labels)).toBe(expected.sessions);
	expect(first.value("dnstt_peak_clients", labels)).toBe(expected.peak);
	const second = await until(
		async () => {
			const samples = await scrape(host, url);
			return samples.sum("dnstt_sessions_total") === 2 * expected.sessions ? samples : undefined;
		},
		child.stdout,
		15_000,
	);
	expect(second.value("dnstt_bytes_out_total", labels)).toBeGreaterThanOrEqual(expected.bytes_out);
	expect(second.value("dnstt_active_clients", labels)).toBe(2 * expected.sessions);
	const both = await until(
		async () => {
			const samples = await scrape(host, url);
			return samples.sum("dnstt_queries_total") >= 2 * expected.queries ? samples : undefined;
		},
		child.stdout,
		15_000,
	);
	expect(both.sum("dnstt_queries_total")).toBe(2 * expected.queries);
	expect(both.sum("dnstt_exporter_malformed_packets_total")).toBe(0);
	expect(both.sum("dnstt_exporter_segment_faults_total")).toBe(
		2 * recording.sum("dnstt_exporter_segment_faults_total"),
	);
	const trips = recording.sum("dnstt_round_trip_seconds_count");
	expect(both.sum("dnstt_round_trip_seconds_count")).toBe(2 * trips);
	// A timer may be late, and the longest recorded one is just below its bound: the next bound holds all.
	const longest = tripsOf(recording).find(([, held]) => held === trips)?.[0] ?? 0;
	expect(longest).toBeWithin(0.1, 1);
	expect(tripsOf(both)).toContainEqual([2 * longest, 2 * trips]);

	const lines = countLines(child);
	expect(Math.abs(lines.length - tookMs() / 1000)).toBeLessThan(2);
	expect(lines.some(([queries, bytesIn]) => queries === expected.queries && bytesIn === expected.bytes_in)).toBe(true);
	child.kill("SIGINT");
	expect(await child.exited).toBe(0);
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
			const start = performance.now();
			const { child, url } = await startDemo(host, [folder.file("dnstt_exporter")]);
			expect(child.stdout()).toMatch(
				/^Recorded dnstt traffic goes over 127\.0\.0\.1, port \d+, and is captured on lo\.\n/,
			);
			expect(child.stderr()).toContain(`msg="capture open" interface=lo`);
			await playsTwoRounds(host, { child, url }, recording, () => performance.now() - start);
		};
		const without = async () => {
			const host = network.namespace("nobody");
			const start = performance.now();
			const { child, url } = await startDemo(host, [...asNobody, folder.file("dnstt_exporter")]);
			expect(child.stdout()).toMatch(
				/^no permission to capture on lo: .*\nSo the recorded traffic is read as from a file instead\.\n/,
			);
			expect(child.stderr()).toBe("");
			await playsTwoRounds(host, { child, url }, recording, () => performance.now() - start);
		};
		await Promise.all([withPermission(), without()]);
	}, 60_000);

	test("ends after --seconds", async () => {
		using network = makeNetwork();
		const host = network.namespace("seconds");
		const start = performance.now();
		const child = host.spawn([executable, "demo", "--seconds=1"]);
		expect(await child.exited).toBe(0);
		expect(performance.now() - start).toBeLessThan(3000);
		expect(child.stdout()).toContain("Metrics: http://127.0.0.1:9713/metrics ");
	});
});
