import { describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync } from "node:fs";
import { exporterCommand } from "../support/exporter.ts";
import { parseExposition, type Samples } from "../support/exposition.ts";
import { haveNetns, makeNetwork, type Namespace } from "../support/netns.ts";
import { type Child, until } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { expectedCounts, recordedDomain } from "./captures.ts";

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

/** A round and the beginning of the next have the recording's counts, and twice as many sessions as it has clients. */
async function playsTwoRounds(host: Namespace, child: Child, url: string, tookMs: () => number): Promise<void> {
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
	expect(second.sum("dnstt_exporter_faults_total")).toBe(0);

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
		const withPermission = async () => {
			const host = network.namespace("demo");
			const start = performance.now();
			const { child, url } = await startDemo(host, [folder.file("dnstt_exporter")]);
			expect(child.stdout()).toMatch(
				/^Recorded dnstt traffic goes over 127\.0\.0\.1, port \d+, and is captured on lo\.\n/,
			);
			await playsTwoRounds(host, child, url, () => performance.now() - start);
		};
		const without = async () => {
			const host = network.namespace("nobody");
			const start = performance.now();
			const { child, url } = await startDemo(host, [...asNobody, folder.file("dnstt_exporter")]);
			expect(child.stdout()).toMatch(
				/^no permission to capture on lo: .*\nSo the recorded traffic is read as from a file instead\.\n/,
			);
			await playsTwoRounds(host, child, url, () => performance.now() - start);
		};
		await Promise.all([withPermission(), without()]);
	});

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
