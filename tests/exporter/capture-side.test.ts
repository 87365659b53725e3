import { describe, expect, test } from "bun:test";
import type { LiveOptions } from "../../src/capture/live.ts";
import { CaptureError } from "../../src/capture/source.ts";
import { type CaptureSide, startCaptureSide } from "../../src/exporter/capture-side.ts";
import { openStages } from "../../src/exporter/stages.ts";
import { configOf, createDependencies } from "../support/observed.ts";
import { until } from "../support/process.ts";
import { FakeSource } from "./fake-source.ts";

const startUs = 1_700_000_000_000_000;
const second = 1_000_000;
const eth0: LiveOptions = { interfaceName: "eth0", ports: [53], bufferBytes: 1 << 20, promiscuous: false };

/** A capture side over fake sources, with two clocks that stand until they are moved. */
async function start() {
	const clock = { wallUs: startUs, monotonicUs: startUs };
	const dependencies = {
		...createDependencies(),
		wallUs: () => clock.wallUs,
		monotonicUs: () => clock.monotonicUs,
	};
	const { engine } = await openStages(configOf(), dependencies);
	const sources: FakeSource[] = [];
	const changes: string[] = [];
	const refusing = { next: false };
	const side = startCaptureSide({
		live: eth0,
		engine,
		dependencies,
		open(options) {
			if (refusing.next) throw new CaptureError("no interface");
			const source = new FakeSource(options);
			sources.push(source);
			return source;
		},
		changed: (isUp, interfaceName) => void changes.push(`${interfaceName} ${isUp ? "up" : "down"}`),
	});
	const pass = (us: number) => {
		clock.wallUs += us;
		clock.monotonicUs += us;
	};
	const latest = () => {
		const source = sources.at(-1);
		if (source === undefined) throw new Error("nothing was opened");
		return source;
	};
	return {
		side,
		tracker: engine.tracker,
		clock,
		pass,
		sources,
		latest,
		changes,
		refusing,
		logged: dependencies.logged,
		queries: () => {
			side.passTime();
			return engine.tracker.queries.sum;
		},
		[Symbol.dispose]: () => side.stop(),
	};
}

const isDown = (side: CaptureSide) =>
	until(
		() => !side.isUp || undefined,
		() => "the capture to fail",
	);

describe("the time of the status", () => {
	test("is when the capture was opened, by the wall clock", async () => {
		using running = await start();
		running.pass(10 * second);
		expect(running.side.status()).toEqual({ ports: [53], sinceUs: startUs });
	});

	test("is when the capture was last reopened", async () => {
		using running = await start();
		running.pass(10 * second);
		running.latest().breaks();
		await isDown(running.side);
		await until(
			() => running.side.isUp || undefined,
			() => "the capture to be open",
		);
		running.pass(5 * second);
		expect(running.side.status().sinceUs).toBe(startUs + 10 * second);
	});

	test("is when a reload's capture took over", async () => {
		using running = await start();
		running.pass(10 * second);
		await running.side.replace({ ...eth0, ports: [5353] });
		running.pass(5 * second);
		expect(running.side.status()).toEqual({ ports: [5353], sinceUs: startUs + 10 * second });
	});

	test("follows a wall clock that is set", async () => {
		using running = await start();
		running.pass(10 * second);
		running.clock.wallUs += 3_600 * second;
		expect(running.side.status().sinceUs).toBe(startUs + 3_600 * second);
	});
});

describe("a replacement", () => {
	test("closes the old capture and leaves the new one open", async () => {
		using running = await start();
		await running.side.replace({ ...eth0, interfaceName: "eth1" });
		expect(running.sources.map(({ interfaceName, closed }) => [interfaceName, closed])).toEqual([
			["eth0", true],
			["eth1", false],
		]);
		expect(running.side.state().interfaceName).toBe("eth1");
		expect(running.changes).toEqual(["eth0 up", "eth1 up"]);
	});

	test("that is still under way when everything stops closes both captures", async () => {
		using running = await start();
		const replaced = running.side.replace({ ...eth0, interfaceName: "eth1" });
		running.side.stop();
		await replaced;
		expect(running.sources.map(({ closed }) => closed)).toEqual([true, true]);
	});

	test("that cannot be opened throws at once and changes nothing", async () => {
		using running = await start();
		running.refusing.next = true;
		expect(() => running.side.replace({ ...eth0, interfaceName: "eth1", ports: [5353] })).toThrow("no interface");
		expect(running.side.state()).toMatchObject({ interfaceName: "eth0", up: true });
		expect(running.side.status().ports).toEqual([53]);
		running.latest().query(1, startUs);
		expect(running.queries()).toBe(1);
	});

	test("of a capture that is closed is reported under its own name when it cannot be opened either", async () => {
		using running = await start();
		running.refusing.next = true;
		running.latest().breaks();
		await isDown(running.side);
		await running.side.replace({ ...eth0, interfaceName: "eth1" });
		expect(running.changes).toEqual(["eth0 up", "eth0 down", "eth1 down"]);
		expect([running.side.isUp, running.side.isAlive]).toEqual([false, true]);
	});
});

test("a failure is an error in the log, with what became of it", async () => {
	using running = await start();
	running.refusing.next = true;
	running.latest().breaks();
	await isDown(running.side);
	const line = running.logged.at(-1);
	expect(line).toContain('level=error msg="capture failed, reopening" error="interface eth0 disappeared"');
	expect(running.logged.filter((text) => text.includes("capture failed"))).toHaveLength(1);
});

test("a session ends without a scrape and without another packet", async () => {
	using running = await start();
	const { tracker } = running;
	// Its frame was stamped so long ago that it ends soon after it was read.
	running.pass(60 * second);
	running.latest().query(1, startUs);
	await until(
		() => (tracker.queries.sum === 1 && tracker.activeByDomain.sum === 0) || undefined,
		() => "the session to end",
	);
});
