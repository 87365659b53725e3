/**
 * Networks for the tests: Linux network namespaces joined by veth pairs and bridges, with packet filter rules where a test wants them.
 * Names are unique to the process; a network is removed at the end of its scope (`using network = makeNetwork()`), else when the process
 * exits, else by the next process that makes one or by tests/run.ts. Needs root, and Debian's iproute2, tcpreplay, curl, nftables, iptables and dnsmasq-base.
 */
import { LinkType } from "../../src/capture/source.ts";
import { type CaptureRecord, writePcap } from "./pcapfile.ts";
import { type Child, type Ended, ended, quoted, spawnChild, urgently } from "./process.ts";
import { temporaryFolder } from "./temporary.ts";

const namePrefix = "dnstt-test-";

let verdict: boolean | undefined;

/** Whether this process may make network namespaces with veth pairs; found out by making one, once. */
export function haveNetns(): boolean {
	verdict ??= process.platform === "linux" && process.getuid?.() === 0 && tryNamespace();
	return verdict;
}

function tryNamespace(): boolean {
	const name = `${namePrefix}${process.pid}-try`;
	try {
		ip("netns", "add", name);
	} catch {
		return false;
	}
	try {
		ip("-n", name, "link", "add", "e0", "type", "veth", "peer", "name", "e1");
		return true;
	} catch {
		return false;
	} finally {
		ip("netns", "del", name);
	}
}

/** Runs `ip` (iproute2) and gives what it prints; throws with its complaint. */
function ip(...words: string[]): string {
	return runSync(["ip", ...words]);
}

function runSync(command: string[], stdin?: string): string {
	const { exitCode, stdout, stderr } = Bun.spawnSync(command, {
		stdin: stdin === undefined ? "ignore" : Buffer.from(stdin),
		stdout: "pipe",
		stderr: "pipe",
	});
	if (exitCode !== 0) throw new Error(`${quoted(command)} ended with ${exitCode}: ${stderr.toString().trim()}`);
	return stdout.toString();
}

/** How fast frames are sent: as recorded, in frames a second, or as fast as they go. */
export type SendRate = "recorded" | "fastest" | number;

/** One network namespace of a test. Interface names need to be unique within it only. */
export interface Namespace {
	/** Its full name, as `ip netns` lists it. */
	readonly name: string;
	/** Runs a command inside and gives what it prints; throws when it ends with anything but 0. Blocks: for commands that end at once. */
	run(...command: string[]): string;
	/** Starts a command inside; the network's removal kills it. */
	spawn(
		command: readonly string[],
		options?: { readonly stdin?: Uint8Array; readonly env?: Record<string, string> },
	): Child;
	/** `ip` inside: `ip("link", "set", "e0", "down")`. */
	ip(...words: string[]): string;
	/** Loads an nftables ruleset. */
	nft(ruleset: string): void;
	/** Adds a rule with iptables: `iptables("-t", "nat", "-A", "PREROUTING", ...)`. */
	iptables(...words: string[]): void;
	/** Sets kernel parameters: `sysctl("net.ipv4.ip_forward=1")`. */
	sysctl(...settings: string[]): void;
	/** An HTTP request made inside (through curl; the answer's body is read whole). `curl` takes more of its options. */
	fetch(url: string, curl?: readonly string[]): Promise<Response>;
	/** Sends a capture file's frames (link type EN10MB) out of an interface with tcpreplay; ends when the last is sent. */
	sendCapture(path: string, interfaceName: string, rate?: SendRate): Promise<void>;
	/** The same for Ethernet frames in memory. */
	sendFrames(records: readonly CaptureRecord[], interfaceName: string, rate?: SendRate): Promise<void>;
}

export interface VethEnd {
	readonly namespace: Namespace;
	/** At most 15 characters. */
	readonly interfaceName: string;
	/** With prefix length: "10.77.1.1/24", "fd00:77::1/64". */
	readonly addresses?: readonly string[];
}

export interface Network extends Disposable {
	/** A namespace with loopback up; `label` (a few letters) makes its name readable. */
	namespace(label: string): Namespace;
	/** Joins two namespaces (or one with itself) by a veth pair, up, with these addresses. */
	veth(a: VethEnd, b: VethEnd): void;
	/** A bridge in a namespace over interfaces that are there, with addresses of its own. */
	bridge(end: VethEnd, ports: readonly string[]): void;
	/** Kills what runs in the namespaces and removes them. Idempotent. */
	remove(): void;
}

const networks = new Set<Network>();
let sweeping = false;

/** Makes an empty network. Throws when this process may not (see haveNetns). */
export function makeNetwork(): Network {
	if (!haveNetns()) throw new Error("network namespaces need root on Linux, and iproute2");
	if (!sweeping) {
		sweeping = true;
		removeLeftovers();
		process.on("exit", () => {
			for (const network of networks) network.remove();
		});
	}
	const namespaces: Namespace[] = [];
	const children = new Set<Child>();
	const network: Network = {
		namespace(label) {
			const name = `${namePrefix}${process.pid}-${serial++}-${label}`;
			ip("netns", "add", name);
			const namespace = namespaceOf(name, children);
			namespaces.push(namespace);
			// Frames that nobody in a test sent (router solicitations, duplicate address detection) would only be in the way.
			namespace.sysctl("net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.default.router_solicitations=0");
			namespace.ip("link", "set", "lo", "up");
			return namespace;
		},
		veth(a, b) {
			const peer = ["peer", "name", b.interfaceName, "netns", b.namespace.name];
			a.namespace.ip("link", "add", a.interfaceName, "type", "veth", ...peer);
			for (const end of [a, b]) bringUp(end);
		},
		bridge(end, ports) {
			end.namespace.ip("link", "add", end.interfaceName, "type", "bridge");
			for (const port of ports) end.namespace.ip("link", "set", port, "master", end.interfaceName);
			bringUp(end);
		},
		remove() {
			networks.delete(network);
			for (const child of children) child.kill("SIGKILL");
			children.clear();
			for (const { name } of namespaces.splice(0)) removeNamespace(name);
		},
		[Symbol.dispose]() {
			network.remove();
		},
	};
	networks.add(network);
	return network;
}

let serial = 0;

function bringUp({ namespace, interfaceName, addresses = [] }: VethEnd): void {
	for (const address of addresses) {
		const flags = address.includes(":") ? ["nodad"] : [];
		namespace.ip("address", "add", address, "dev", interfaceName, ...flags);
	}
	namespace.ip("link", "set", interfaceName, "up");
}

/**
 * Removes the namespaces of processes that are no more: killed, or test runs in which a test timed out (`bun test` fires no exit event).
 */
export function removeLeftovers(): void {
	for (const line of ip("netns", "list").split("\n")) {
		const [name = ""] = line.split(" ");
		const pid = new RegExp(`^${namePrefix}(\\d+)-`).exec(name)?.[1];
		if (pid === undefined || isAlive(Number(pid))) continue;
		try {
			removeNamespace(name);
		} catch {
			// Another test process sweeps at the same time and was first.
		}
	}
}

/** Ends what still runs in a namespace (children of children too: they would keep it alive without a name) and removes it. */
function removeNamespace(name: string): void {
	for (const pid of ip("netns", "pids", name).split("\n").filter(Boolean)) {
		try {
			process.kill(Number(pid), "SIGKILL");
		} catch {
			// It has ended by itself.
		}
	}
	ip("netns", "del", name);
}

function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return error instanceof Error && "code" in error && error.code === "EPERM";
	}
}

function namespaceOf(name: string, children: Set<Child>): Namespace {
	const inside = (command: readonly string[]) => ["ip", "netns", "exec", name, ...command];

	async function runToEnd(command: readonly string[]): Promise<Ended> {
		const child = namespace.spawn(command);
		const end = await ended(child);
		children.delete(child);
		if (end.code !== 0) throw new Error(`${quoted(command)} ended with ${end.code}: ${end.stderr.trim()}`);
		return end;
	}

	const namespace: Namespace = {
		name,
		run: (...command) => runSync(inside(command)),
		spawn(command, options = {}) {
			const child = spawnChild(inside(command), options);
			children.add(child);
			return child;
		},
		ip: (...words) => ip("-n", name, ...words),
		nft: (ruleset) => void runSync(inside(["nft", "-f", "-"]), ruleset),
		// -w: two iptables at the same time, in different namespaces too, wait for one lock.
		iptables: (...words) => void runSync(inside(["iptables", "-w", "5", ...words])),
		sysctl: (...settings) => void runSync(inside(["sysctl", "-q", "-w", ...settings])),
		async fetch(url, curl = []) {
			using folder = temporaryFolder();
			const options = ["--silent", "--show-error", "--max-time", "20", "--output", folder.file("body")];
			const { stdout } = await runToEnd(["curl", ...options, "--dump-header", "-", ...curl, url]);
			const body = Bun.file(folder.file("body"));
			return responseOf(stdout, (await body.exists()) ? await body.bytes() : new Uint8Array());
		},
		async sendFrames(records, interfaceName, rate) {
			using folder = temporaryFolder();
			await Bun.write(folder.file("frames.pcap"), writePcap({ linkType: LinkType.EN10MB, records }));
			await namespace.sendCapture(folder.file("frames.pcap"), interfaceName, rate);
		},
		async sendCapture(path, interfaceName, rate = "fastest") {
			const speed = { recorded: "--multiplier=1", fastest: "--topspeed" };
			const option = typeof rate === "number" ? `--pps=${rate}` : speed[rate];
			// Woken late for each frame, on a busy machine, it would send nothing as recorded.
			const words = rate === "recorded" ? urgently(1) : [];
			const { stdout } = await runToEnd([...words, "tcpreplay", "--quiet", option, `--intf1=${interfaceName}`, path]);
			const failed = /Failed packets:\s+(\d+)/.exec(stdout)?.[1];
			if (failed !== "0")
				throw new Error(`tcpreplay could not send ${failed ?? "?"} frames of ${path}: ${stdout.trim()}`);
		},
	};
	return namespace;
}

/** The last header block that curl dumped (after redirects and 100 Continue), and the body that it wrote. */
function responseOf(dumped: string, body: Uint8Array<ArrayBuffer>): Response {
	const [statusLine = "", ...lines] = (dumped.trimEnd().split("\r\n\r\n").pop() ?? "").split("\r\n");
	const status = Number(/^HTTP\/\S+ (\d{3})/.exec(statusLine)?.[1]);
	const headers = new Headers();
	for (const line of lines) {
		const colon = line.indexOf(":");
		if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
	}
	const bodiless = status === 204 || status === 304;
	return new Response(bodiless ? null : body, { status, headers });
}
