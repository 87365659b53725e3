import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Exporter, exporterCommand, startExporter } from "../support/exporter.ts";
import { haveNetns, makeNetwork, type Namespace, type Network } from "../support/netns.ts";
import { runCommand, until } from "../support/process.ts";
import { capturePath, recordedDomain } from "./captures.ts";

const address = "127.0.0.1:9713";
const count = (value: number) => value.toLocaleString("en-US");

/** A terminal of 80 columns and 24 rows inside a namespace, with a shell in it. */
class Terminal implements AsyncDisposable {
	private static serial = 0;
	private readonly tmux: readonly string[];

	private constructor(host: Namespace) {
		this.tmux = ["tmux", "-L", `${host.name}-${Terminal.serial++}`, "-f", "/dev/null"];
	}

	static async open(host: Namespace): Promise<Terminal> {
		const terminal = new Terminal(host);
		const env = { TERM: "xterm-256color", LC_ALL: "C.UTF-8" };
		const words = [
			...terminal.tmux,
			"new-session",
			"-d",
			"-x",
			"80",
			"-y",
			"24",
			"PS1='$ ' exec bash --norc --noprofile",
		];
		const child = host.spawn(words, { env });
		if ((await child.exited) !== 0) throw new Error(`tmux: ${child.stderr()}`);
		return terminal;
	}

	private async run(...words: string[]): Promise<string> {
		const { code, stdout, stderr } = await runCommand([...this.tmux, ...words]);
		if (code !== 0) throw new Error(`tmux ${words[0]}: ${stderr}`);
		return stdout;
	}

	/** Types keys, by tmux's names. */
	type(...keys: string[]): Promise<string> {
		return this.run("send-keys", ...keys);
	}

	resize(columns: number, rows: number): Promise<string> {
		return this.run("resize-window", "-x", String(columns), "-y", String(rows));
	}

	text(...options: string[]): Promise<string> {
		return this.run("capture-pane", "-p", ...options);
	}

	/** Waits until the screen is as `holds` wants it. */
	async when(holds: (text: string) => boolean, limitMs = 8_000): Promise<string> {
		let last = "";
		return until(
			async () => {
				last = await this.text();
				return holds(last) ? last : undefined;
			},
			() => `the screen is\n${last}`,
			limitMs,
		);
	}

	async [Symbol.asyncDispose]() {
		await this.run("kill-server");
	}
}

describe.skipIf(!haveNetns() || Bun.which("tmux") === null)("top in a terminal", () => {
	let network: Network;
	let server: Namespace;
	let resolver: Namespace;
	let exporter: Exporter;
	const start = () =>
		startExporter({
			flags: [
				"--dnstt.domain",
				recordedDomain,
				"--dnstt.domain",
				"t.xn--wgv71a.example",
				"--capture.interface",
				"tunnel0",
			],
			namespace: server,
			listenAddress: address,
		});
	const command = [...exporterCommand(), "top", "--interval", "500ms"].join(" ");

	beforeAll(async () => {
		network = makeNetwork();
		server = network.namespace("server");
		resolver = network.namespace("resolver");
		network.veth({ namespace: server, interfaceName: "tunnel0" }, { namespace: resolver, interfaceName: "wan0" });
		exporter = await start();
		await resolver.sendCapture(capturePath("direct-ipv4"), "wan0", "fastest");
	});
	afterAll(async () => {
		await exporter?.stop();
		network?.remove();
	});

	test("has the figures of /metrics", async () => {
		const samples = await exporter.metricsWhen((read) => read.sum("dnstt_queries_total") >= 528);
		const text = await server.spawn([...exporterCommand(), "top"]);
		expect(await text.exited).toBe(0);
		await using terminal = await Terminal.open(server);
		await terminal.type(command, "Enter");
		const screen = await terminal.when((shown) => shown.includes("q quit"));
		for (const shown of [screen, text.stdout()]) {
			const lines = shown.split("\n");
			const values = lines[3]?.trim().split(/ {2,}/) ?? [];
			const notes = lines[4] ?? "";
			expect(values[0]).toBe(count(samples.sum("dnstt_active_clients")));
			expect(values.at(-1)).toBe(count(samples.sum("dnstt_sessions_total")));
			expect(notes).toContain(` ${count(samples.sum("dnstt_queries_total"))} total `);
			const kilobytes = (name: string) => ` ${(samples.sum(name) / 1e3).toPrecision(3)} kB total`;
			expect(notes).toContain(kilobytes("dnstt_bytes_in_total"));
			expect(notes).toContain(kilobytes("dnstt_bytes_out_total"));
			const row = new RegExp(`^ ?${recordedDomain} +${count(samples.sum("dnstt_active_clients"))} `, "m");
			expect(shown).toMatch(row);
			expect(shown).toMatch(/^ ?t\.日本\.example .*\n ?t\.xn--wgv71a\.example$/m);
		}
	});

	test("heeds keys and the window's size, and leaves the terminal as it was", async () => {
		await using terminal = await Terminal.open(server);
		await terminal.type(`clear; ${command}; echo ended with $?`, "Enter");
		await terminal.when((shown) => shown.includes("Active ▼"));
		await terminal.type("s", "r");
		await terminal.when((shown) => /Peak ▲/.test(shown));
		await terminal.type("/", "日");
		const filtered = await terminal.when((shown) => shown.includes("Filter: 日") && !shown.includes(recordedDomain));
		expect(filtered).toContain("1 of 2; Esc shows all");
		await terminal.type("Escape");
		await terminal.when((shown) => shown.includes(recordedDomain));
		await terminal.type("h");
		await terminal.when((shown) => shown.includes("Round trip"));
		await terminal.type("c");
		await terminal.when((shown) => shown.includes("--geoip.country-database"));
		await terminal.type("?");
		await terminal.when((shown) => shown.includes("Any key goes back."));
		await terminal.type("x", "d");
		await terminal.resize(130, 40);
		const wide = await terminal.when(
			(shown) => /^ dnstt_exporter .{100,} UTC$/m.test(shown) && shown.includes("Refused"),
		);
		expect(wide.trimEnd().split("\n")).toHaveLength(40);
		await terminal.resize(60, 12);
		await terminal.when((shown) => /^ dnstt_exporter .{0,58} UTC$/m.test(shown));
		await terminal.resize(80, 24);
		await terminal.when((shown) => /^ dnstt_exporter .{58,63} UTC$/m.test(shown));
		await terminal.type("q");
		const after = await terminal.when((shown) => shown.includes("ended with 0"));
		expect(after).not.toContain("q quit");
		await terminal.type("echo typed", "Enter");
		await terminal.when((shown) => /^\$ echo typed\ntyped$/m.test(shown));
	});

	test("leaves the terminal as it was after a signal, too", async () => {
		await using terminal = await Terminal.open(server);
		for (const signal of ["TERM", "INT"]) {
			await terminal.type(
				`clear; (sleep 1; pkill -${signal} -P $$ -x dnstt_exporter; pkill -${signal} -P $$ -x bun) & ${command}; echo code $?`,
				"Enter",
			);
			await terminal.when((shown) => shown.includes("q quit"));
			const after = await terminal.when((shown) => shown.includes("code 0"));
			expect(after).not.toContain("q quit");
		}
	});

	test("says since when an exporter is away, keeps its last figures faded, and goes on when it is back", async () => {
		await using terminal = await Terminal.open(server);
		await terminal.type(command, "Enter");
		await terminal.when((shown) => shown.includes("q quit"));
		await exporter.stop();
		const lost = await terminal.when((shown) => /^ No answer since \d\d:\d\d:\d\d UTC \(\d+ s\)/m.test(shown));
		expect(lost).toContain("nothing listens there");
		expect(lost).toContain("528 total");
		// The last rendition in front of the row is SGR 2: faint.
		const [front = ""] = (await terminal.text("-e")).split(recordedDomain);
		expect(/.*\[([\d;]*)m/s.exec(front)?.[1]).toBe("2");
		exporter = await start();
		const back = await terminal.when(
			(shown) => !shown.includes("No answer") && shown.includes("No tunnel traffic yet"),
		);
		expect(back).toContain("0 total");
		await terminal.type("q");
	});
});
