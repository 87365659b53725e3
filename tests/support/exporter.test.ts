import { describe, expect, test } from "bun:test";
import { startExporter } from "./exporter.ts";
import { haveNetns, makeNetwork } from "./netns.ts";

/** Serves what the exporter does, ready after the third request; ends with 0 upon SIGTERM. */
const standIn = `
	let asked = 0;
	const [host, port] = process.argv.at(-1).replace("--web.listen-address=", "").split(":");
	Bun.serve({ hostname: host, port: Number(port), fetch(request) {
		const { pathname } = new URL(request.url);
		if (pathname === "/-/ready") return new Response("", { status: ++asked < 3 ? 503 : 200 });
		return new Response('dnstt_queries_total{domain="t.example.com"} ' + asked++ + "\\n");
	} });
	console.error("flags", process.argv.slice(1).join(" "));
	process.on("SIGTERM", () => process.exit(0));
`;
const command = [process.execPath, "-e", standIn, "--"];
const labels = { domain: "t.example.com" };

describe("an exporter", () => {
	test("is waited for, scraped until a value comes, and ended with all that it logged", async () => {
		const exporter = await startExporter({ command, flags: ["-dnstt.domain", "t"], listenAddress: "127.0.0.1:19713" });
		const samples = await exporter.metricsWhen((read) => (read.value("dnstt_queries_total", labels) ?? 0) >= 5);
		expect(samples.value("dnstt_queries_total", labels)).toBe(5);
		const end = await exporter.stop();
		expect(end.code).toBe(0);
		expect(end.stderr).toContain("flags -dnstt.domain t --web.listen-address=127.0.0.1:19713");
		expect(end.tookMs).toBeLessThan(2000);
		expect(await exporter.stop()).toBe(end);
	});

	test.skipIf(!haveNetns())("runs and is scraped in a namespace, where the port is free", async () => {
		using network = makeNetwork();
		const namespaces = [network.namespace("a"), network.namespace("b")];
		for (const namespace of namespaces) {
			await using exporter = await startExporter({ command, flags: [], namespace });
			expect((await exporter.metrics()).value("dnstt_queries_total", labels)).toBe(3);
		}
	});

	test("that ends at once is reported with its complaint", async () => {
		const failing = [process.execPath, "-e", 'console.error("no such interface"); process.exit(1)'];
		await expect(startExporter({ command: failing, flags: [] })).rejects.toThrow(/ended with 1: no such interface/);
	});

	test("that never gets ready is killed and reported", async () => {
		const hanging = [process.execPath, "-e", 'console.error("waiting"); setTimeout(() => {}, 60_000)'];
		await expect(startExporter({ command: hanging, flags: [], readyWithinMs: 200 })).rejects.toThrow(
			/200 ms.*\nwaiting/,
		);
	});
});
