import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLive, snapshotBytes } from "../../src/capture/live.ts";
import { CaptureError, LinkType } from "../../src/capture/source.ts";
import { limits } from "../../src/config/schema.ts";
import { heldUsMax } from "../../src/wasm/shared/limits.ts";
import { ethernetFrame, type PacketRecord, packetsOf, rewrap, rewrappings, toIpv6 } from "../support/frames.ts";
import { haveNetns, makeNetwork, type Namespace, type Network, type SendRate } from "../support/netns.ts";
import { type CaptureRecord, readPcapFile, writePcap } from "../support/pcapfile.ts";
import { runCommand, until, urgently } from "../support/process.ts";
import { fragmentPacket } from "../support/wire-forms.ts";

const probePath = join(import.meta.dir, "liveProbe.ts");

/** A liveProbe.ts in a namespace, ready or failed at the opening. */
class Probe implements Disposable {
	private readonly child;
	private answered = 0;

	private constructor(
		namespace: Namespace,
		interfaceName: string,
		ports: readonly number[],
		bufferBytes: number,
		env: readonly string[],
	) {
		const words = [
			...urgently(2),
			...["env", ...env],
			process.execPath,
			probePath,
			interfaceName,
			String(bufferBytes),
			...ports.map(String),
		];
		this.child = Bun.spawn(["ip", "netns", "exec", namespace.name, ...words], {
			stdin: "pipe",
			stdout: "pipe",
			stderr: "inherit",
		});
		void this.collect();
	}

	private readonly lines: string[] = [];

	private async collect(): Promise<void> {
		let rest = "";
		const decoder = new TextDecoder();
		for await (const chunk of this.child.stdout) {
			const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
			rest = parts.pop() ?? "";
			this.lines.push(...parts);
		}
	}

	/** Gives the probe and its first line; `env` are words for env(1). */
	static async start(
		namespace: Namespace,
		interfaceName: string,
		ports = [53],
		bufferBytes = 4 << 20,
		env: readonly string[] = [],
	) {
		const probe = new Probe(namespace, interfaceName, ports, bufferBytes, env);
		return { probe, first: await probe.line() };
	}

	/** The next line that the probe prints. */
	async line(): Promise<string> {
		const index = this.answered++;
		return until(
			() => this.lines[index],
			() => `line ${index} of the probe`,
		);
	}

	async ask(command: string): Promise<unknown> {
		this.child.stdin.write(`${command}\n`);
		this.child.stdin.flush();
		return JSON.parse(await this.line());
	}

	/** The frames captured since the last call, once `count` are there (or no more came within the limit). */
	async frames(count: number): Promise<string[]> {
		const all: string[] = [];
		const end = performance.now() + 3000;
		while (all.length < count && performance.now() < end) {
			all.push(...((await this.ask("frames")) as { frames: string[] }).frames);
			if (all.length < count) await Bun.sleep(50);
		}
		return [...all, ...(await this.rest())];
	}

	/** The frames captured since the last call, those that were still held back included. */
	async rest(): Promise<string[]> {
		await Bun.sleep(heldUsMax / 1_000);
		return ((await this.ask("frames")) as { frames: string[] }).frames;
	}

	/** Closes the source and gives the exit code of the process, which ends because nothing is left to do. */
	async end(): Promise<number> {
		this.child.stdin.write("end\n");
		this.child.stdin.flush();
		return this.child.exited;
	}

	[Symbol.dispose](): void {
		this.child.kill("SIGKILL");
	}
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

test("the snapshot holds a whole datagram of 65,535 bytes behind IPv6 and two tags", () => {
	expect(snapshotBytes).toBeGreaterThanOrEqual(65_535 + 40 + 14 + 8);
	expect(snapshotBytes).toBeLessThanOrEqual(262_144);
});

test("an interface that does not exist is refused with the names of those that do", () => {
	const open = () => openLive({ interfaceName: "no-such-if", ports: [53], bufferBytes: 1 << 20, promiscuous: false });
	if (process.getuid?.() !== 0) {
		expect(open).toThrow(CaptureError);
		return;
	}
	expect(open).toThrow(/^no interface "no-such-if": this host has any,.*\blo\b/);
});

// Only root may open a capture. libpcap leaves its compiler of filters by longjmp, and AddressSanitizer does not know the stack that it comes from.
test.skipIf(process.getuid?.() !== 0 || process.env.ASAN_OPTIONS !== undefined)(
	"an interface whose filter is refused is closed again",
	() => {
		const sockets = () =>
			readdirSync("/proc/self/fd")
				.map(linkOf)
				.filter((link) => link.startsWith("socket:"));
		const before = sockets();
		const open = () => openLive({ interfaceName: "lo", ports: [70_000], bufferBytes: 1 << 20, promiscuous: false });
		expect(open).toThrow(/^cannot capture on lo: .*70000/);
		expect(sockets()).toEqual(before);
	},
);

/** Empty for a descriptor that is closed by now. */
function linkOf(descriptor: string): string {
	try {
		return readlinkSync(`/proc/self/fd/${descriptor}`);
	} catch {
		return "";
	}
}

// Only root can become a user without permission.
test.skipIf(process.getuid?.() !== 0)("without permission the operator is told what gives it", () => {
	const { stdout } = Bun.spawnSync([
		...["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"],
		...[process.execPath, probePath, "lo", String(1 << 20), "53"],
	]);
	const answer: unknown = JSON.parse(stdout.toString());
	expect(answer).toEqual({ class: "CaptureError", error: expect.stringContaining("AmbientCapabilities=CAP_NET_RAW") });
});

describe.skipIf(!haveNetns())("between two network namespaces", () => {
	let network: Network;
	let near: Namespace;
	let far: Namespace;
	let packets: PacketRecord[];
	const folder = mkdtempSync(join(tmpdir(), "dnstt-live-"));

	beforeAll(async () => {
		network = makeNetwork();
		near = network.namespace("near");
		far = network.namespace("far");
		network.veth({ namespace: near, interfaceName: "e0" }, { namespace: far, interfaceName: "e0" });
		// Without, the kernel's own frames (multicast reports, RFC 3810) may come before a capture that is being opened has its filter.
		for (const namespace of [near, far]) namespace.sysctl("net.ipv6.conf.e0.disable_ipv6=1");
		const capture = await readPcapFile(join(import.meta.dir, "../captures/direct-ipv4.pcap"));
		packets = packetsOf(capture).slice(0, 6);
	});

	afterAll(() => {
		network.remove();
		rmSync(folder, { recursive: true });
	});

	async function send(records: readonly CaptureRecord[], rate?: SendRate): Promise<void> {
		const path = join(folder, "send.pcap");
		await Bun.write(path, writePcap({ linkType: LinkType.EN10MB, records }));
		await near.sendCapture(path, "e0", rate);
	}

	/** Every kind of frame, each with all `packets`, in order; `title` says which kind. */
	const wanted = () =>
		rewrappings
			.filter(({ wrapping }) => wrapping.linkType === LinkType.EN10MB)
			.flatMap((rewrapping) =>
				rewrap(packets, rewrapping).map((record) => ({ ...record, title: rewrapping.title, hex: hex(record.bytes) })),
			);

	/** PPPoE and MPLS do not pass there: on a host that ends them their packets cross an interface of their own. */
	const wantedOnAny = () => wanted().filter(({ title }) => !/PPPoE|MPLS/.test(title));

	/** Datagrams to and from port 54, without IPv6 extension headers, in every tagging. */
	function unwanted(): CaptureRecord[] {
		const others = packets.map((record) => {
			const packet = record.packet.slice();
			const view = new DataView(packet.buffer);
			for (const offset of [20, 22]) if (view.getUint16(offset) === 53) view.setUint16(offset, 54);
			return { ...record, packet };
		});
		return rewrappings
			.filter(({ wrapping, carriage }) => wrapping.linkType === LinkType.EN10MB && !carriage.title.includes("with "))
			.flatMap((rewrapping) => rewrap(others, rewrapping));
	}

	test("every tagging and every kind of IP header passes the filter of an interface, byte for byte", async () => {
		const { probe, first } = await Probe.start(far, "e0");
		using _ = probe;
		expect(first).toBe("ready 1");
		const records = wanted();
		await send(records);
		const frames = new Set(await probe.frames(records.length));
		expect(records.filter((record) => !frames.has(record.hex)).map(({ title }) => title)).toEqual([]);
		expect(frames.size).toBe(new Set(records.map((record) => record.hex)).size);
	}, 20_000);

	test("datagrams of other ports stay in the kernel, whatever their tags", async () => {
		const { probe } = await Probe.start(far, "e0");
		using _ = probe;
		const records = unwanted();
		expect(records.length).toBeGreaterThan(0);
		await send(records);
		expect(await probe.rest()).toEqual([]);
		expect(await probe.ask("statistics")).toMatchObject({ received: 0 });
	}, 20_000);

	test("several ports are watched at once", async () => {
		const { probe } = await Probe.start(far, "e0", [5300, 54]);
		using _ = probe;
		const records = unwanted();
		await send(records);
		expect(await probe.frames(records.length)).toHaveLength(records.length);
	}, 20_000);

	test("every tagging and every kind of IP header passes the filter of any, as LINUX_SLL2", async () => {
		const { probe, first } = await Probe.start(far, "any");
		using _ = probe;
		expect(first).toBe("ready 276");
		const records = wantedOnAny();
		await send(records);
		expect(await probe.frames(records.length)).toHaveLength(records.length);
	}, 20_000);

	test("fragments pass the filter if they are the first", async () => {
		const { probe } = await Probe.start(far, "e0");
		using _ = probe;
		const fragments = packets.flatMap(({ direction, packet }, index) =>
			[packet, toIpv6(packet)].map((one) =>
				fragmentPacket(one, 40, index).map((fragment) => ethernetFrame(fragment, direction)),
			),
		);
		await send(fragments.flat().map((bytes, index) => ({ timeNs: BigInt(index), bytes })));
		expect(await probe.frames(fragments.length)).toEqual(fragments.map(([first]) => hex(first as Uint8Array)));
		expect(await probe.ask("statistics")).toMatchObject({ received: fragments.length });
	}, 20_000);

	test("untagged and once tagged datagrams of other ports stay in the kernel on any", async () => {
		const { probe } = await Probe.start(far, "any");
		using _ = probe;
		// Behind a second tag the filter of a cooked capture does not look: those pass, and the decoder tells them.
		await send(unwanted().filter(({ bytes }) => !(bytes[16] === 0x81 && bytes[17] === 0)));
		expect(await probe.rest()).toEqual([]);
	}, 20_000);

	test("frames that no reader fetches are counted as dropped once the ring is full, and none is counted twice", async () => {
		const { probe } = await Probe.start(far, "e0", [53], 1 << 20);
		using _ = probe;
		await probe.ask("pause");
		const [packet] = packets;
		if (!packet) throw new Error("the capture has no packet");
		const count = 20_000;
		await send(Array.from({ length: count }, () => ({ timeNs: packet.timeNs, bytes: ethernetFrame(packet.packet) })));
		const statistics = (await probe.ask("statistics")) as { received: number; droppedByKernel: number };
		expect(statistics.received).toBe(count);
		expect(statistics.droppedByKernel).toBeGreaterThan(0);
		expect(statistics.droppedByKernel).toBeLessThan(count);
		expect(await probe.ask("statistics")).toEqual(statistics);
	}, 20_000);

	test("frames at full speed do not gather for longer than the buffer can take, however small it is", async () => {
		const [packet] = packets;
		if (!packet) throw new Error("the capture has no packet");
		for (const bufferBytes of [1 << 20, 16 << 20]) {
			const { probe } = await Probe.start(far, "e0", [53], bufferBytes);
			using _ = probe;
			// Twice the buffer, in a stream that takes a fifth of a second.
			const count = Math.ceil((bufferBytes * 2) / 1_280);
			const frame = new Uint8Array(1_200);
			frame.set(ethernetFrame(packet.packet));
			await send(
				Array.from({ length: count }, () => ({ timeNs: packet.timeNs, bytes: frame })),
				count * 5,
			);
			await Bun.sleep(500);
			expect(await probe.ask("statistics")).toEqual({ received: count, droppedByKernel: 0, droppedByInterface: 0 });
		}
	}, 20_000);

	test("a burst behind a single frame is read before it fills the buffer, while that frame waits for company", async () => {
		const [packet] = packets;
		if (!packet) throw new Error("the capture has no packet");
		const bufferBytes = 2 << 20;
		const { probe } = await Probe.start(far, "e0", [53], bufferBytes);
		using _ = probe;
		const frame = new Uint8Array(1_200);
		frame.set(ethernetFrame(packet.packet));
		const count = Math.ceil((bufferBytes * 3) / 1_280);
		// The block of the first is handed over when the burst begins, which would fill the buffer within 40 ms.
		const timeNs = (index: number) => packet.timeNs + (index === 0 ? 0n : 110_000_000n + BigInt(index) * 25_000n);
		await send(
			Array.from({ length: count }, (_, index) => ({ timeNs: timeNs(index), bytes: frame })),
			"recorded",
		);
		await Bun.sleep(500);
		expect(await probe.ask("statistics")).toEqual({ received: count, droppedByKernel: 0, droppedByInterface: 0 });
	}, 20_000);

	test("frames of 60 kB, of which the buffer holds few hundred, are read before they fill it", async () => {
		const [packet] = packets;
		if (!packet) throw new Error("the capture has no packet");
		near.ip("link", "set", "e0", "mtu", "65535");
		far.ip("link", "set", "e0", "mtu", "65535");
		const { probe } = await Probe.start(far, "e0", [53], 16 << 20);
		using _ = probe;
		const frame = new Uint8Array(60_000);
		frame.set(ethernetFrame(packet.packet));
		// Four times the buffer, in half a second.
		const count = 1_000;
		await send(
			Array.from({ length: count }, () => ({ timeNs: packet.timeNs, bytes: frame })),
			count * 2,
		);
		await Bun.sleep(500);
		expect(await probe.ask("statistics")).toEqual({ received: count, droppedByKernel: 0, droppedByInterface: 0 });
	}, 20_000);

	test("a datagram over loopback is one frame", async () => {
		const { probe, first } = await Probe.start(far, "lo");
		using _ = probe;
		expect(first).toBe("ready 1");
		far.run("bash", "-c", "exec 3<>/dev/udp/127.0.0.1/53; echo one >&3; echo two >&3 || true");
		const frames = await probe.frames(1);
		expect(frames.filter((frame) => frame.endsWith(hex(Buffer.from("one\n"))))).toHaveLength(1);
	}, 20_000);

	test("the kernel takes the filter of as many ports as a configuration may name", async () => {
		const ports = Array.from({ length: limits.portsMax }, (_, index) => String(1024 + index * 601));
		const child = far.spawn([process.execPath, probePath, "lo", String(1 << 20), ...ports], {
			stdin: Buffer.from("end\n"),
		});
		expect(await child.exited).toBe(0);
		expect(child.stdout()).toBe("ready 1\n");
		// libpcap would warn here, and filter all traffic in user space.
		expect(child.stderr()).toBe("");
	}, 20_000);

	test("a process whose source is closed ends by itself", async () => {
		const { probe } = await Probe.start(far, "e0");
		using _ = probe;
		expect(await probe.end()).toBe(0);
	}, 20_000);

	describe("an interface that goes", () => {
		const addLink = (name: string) => far.ip("link", "add", name, "type", "veth", "peer", "name", `${name}p`);

		test("down while frames are read is reported as unavailable", async () => {
			addLink("down0");
			far.ip("link", "set", "down0", "up");
			const { probe, first } = await Probe.start(far, "down0");
			using _ = probe;
			expect(first).toBe("ready 1");
			far.ip("link", "set", "down0", "down");
			expect(JSON.parse(await probe.line())).toEqual({
				class: "InterfaceUnavailableError",
				error: expect.stringContaining("ip link set down0 up"),
			});
		}, 20_000);

		test("away while frames are read is reported as unavailable", async () => {
			addLink("gone0");
			far.ip("link", "set", "gone0", "up");
			const { probe } = await Probe.start(far, "gone0");
			using _ = probe;
			far.ip("link", "del", "gone0");
			expect(JSON.parse(await probe.line())).toEqual({
				class: "InterfaceUnavailableError",
				error: "interface gone0 disappeared",
			});
		}, 20_000);

		test("away under another name than it was opened by is reported as unavailable", async () => {
			// As if it were renamed between the opening and the question for its number.
			await Bun.write(join(folder, "nobody.c"), "unsigned if_nametoindex(const char *name) { return name == 0; }\n");
			const library = join(folder, "nobody.so");
			await runCommand(["cc", "-shared", "-fPIC", "-o", library, join(folder, "nobody.c")]);
			addLink("named0");
			far.ip("link", "set", "named0", "up");
			// Behind the sanitizers' libraries, which have to come first.
			const preload = [process.env.LD_PRELOAD, library].filter(Boolean).join(":");
			const { probe, first } = await Probe.start(far, "named0", [53], 4 << 20, [`LD_PRELOAD=${preload}`]);
			using _ = probe;
			expect(first).toBe("ready 1");
			far.ip("link", "del", "named0");
			expect(JSON.parse(await probe.line())).toMatchObject({ class: "InterfaceUnavailableError" });
		}, 20_000);

		test("away and comes back under its name is not taken for the old one", async () => {
			addLink("back0");
			far.ip("link", "set", "back0", "up");
			const { probe } = await Probe.start(far, "back0");
			using _ = probe;
			far.ip("link", "del", "back0");
			addLink("back0");
			far.ip("link", "set", "back0", "up");
			expect(JSON.parse(await probe.line())).toMatchObject({ class: "InterfaceUnavailableError" });
		}, 20_000);

		test("unnoticed by any, which goes on with the others", async () => {
			addLink("other0");
			far.ip("link", "set", "other0", "up");
			const { probe } = await Probe.start(far, "any");
			using _ = probe;
			far.ip("link", "del", "other0");
			const records = wantedOnAny();
			await send(records);
			expect(await probe.frames(records.length)).toHaveLength(records.length);
		}, 20_000);

		test("down before it is opened is refused with the command that mends it", async () => {
			addLink("idle0");
			const { probe, first } = await Probe.start(far, "idle0");
			using _ = probe;
			expect(JSON.parse(first)).toEqual({
				class: "InterfaceUnavailableError",
				error: 'interface idle0 is down: bring it up with "ip link set idle0 up"',
			});
		}, 20_000);
	});
});
