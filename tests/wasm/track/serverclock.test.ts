import { describe, expect, test } from "bun:test";
import { partsOf } from "./observing.ts";

const ms = 1_000;
const second = 1_000 * ms;
const wrap = 2 ** 32;
/** Capture times of the tests begin here. */
const begin = 1_700_000_000 * second;

const { parts } = partsOf();

/** What the tracker knows of a server's clock, which is nothing yet. */
class ServerClock {
	private readonly address = parts.makeServerClock();

	push(stampMs: number, nowUs: number): void {
		parts.pushTo(this.address, stampMs, nowUs);
	}

	roundTripUs(stampMs: number, nowUs: number): number {
		return parts.roundTripOf(this.address, stampMs, nowUs);
	}
}

/** A clock of a server that showed `startMs` at `begin`; stamps are 32 bits, signed. */
class Server {
	readonly clock = new ServerClock();
	startMs: number;

	constructor(startMs = 5_000) {
		this.startMs = startMs;
	}

	stamp(atUs: number): number {
		return (this.startMs + Math.floor(atUs / ms)) | 0;
	}

	/** A push stamped at `atUs` after `begin` and captured `lateUs` later. */
	push(atUs: number, lateUs = 0): void {
		this.clock.push(this.stamp(atUs), begin + atUs + lateUs);
	}

	/** What an ack of a push stamped at `atUs` says that is captured `rttUs` later. */
	rtt(atUs: number, rttUs: number): number {
		return this.clock.roundTripUs(this.stamp(atUs), begin + atUs + rttUs);
	}
}

describe("a round trip", () => {
	test("is nothing before the first push", () => {
		expect(new ServerClock().roundTripUs(1, begin)).toBe(-1);
	});

	test("is from the push to its acknowledgement", () => {
		const server = new Server();
		server.push(0);
		expect([server.rtt(0, 80 * ms), server.rtt(250 * ms, 1), server.rtt(7 * second, 400 * ms)]).toEqual([
			80 * ms,
			1,
			400 * ms,
		]);
	});

	test("is against the push that left the fastest, whichever came first", () => {
		const server = new Server();
		server.push(0, 300 * ms);
		expect(server.rtt(0, 380 * ms)).toBe(80 * ms);
		server.push(1 * second, 10 * ms);
		expect(server.rtt(1 * second, 380 * ms)).toBe(370 * ms);
		server.push(2 * second, 900 * ms);
		expect(server.rtt(2 * second, 380 * ms)).toBe(370 * ms);
	});

	const limits: readonly [title: string, rttUs: number, expected: number][] = [
		["of 3 ms less than nothing is none", -3 * ms, -1],
		["of 2 ms less than nothing is the stamp's rounding, and 0", -2 * ms, 0],
		["of nothing is 0", 0, 0],
		["of 60 s is one", 60 * second, 60 * second],
		["of a millisecond more is none", 60_001 * ms, -1],
		["of a day is none", 86_400 * second, -1],
		["of 2^31 ms is none", 2 ** 31 * ms, -1],
		["of 2^32 - 1 ms cannot be told from -1 ms, and is 0", (wrap - 1) * ms, 0],
	];
	test.each(limits)("%s", (_, rttUs, expected) => {
		const server = new Server();
		server.push(0);
		expect(server.rtt(0, rttUs)).toBe(expected);
	});
});

describe("the 32-bit clock wraps around", () => {
	test("between two pushes: neither the offset nor a round trip notices", () => {
		const server = new Server(wrap - 50);
		server.push(0);
		for (const atMs of [49, 50, 51, 100]) {
			server.push(atMs * ms);
			expect(server.rtt(atMs * ms, 80 * ms)).toBe(80 * ms);
		}
		expect(server.stamp(49 * ms)).toBe(-1);
		expect(server.stamp(50 * ms)).toBe(0);
		// Stamped before, acknowledged after.
		expect(server.rtt(49 * ms, 80 * ms)).toBe(80 * ms);
	});

	test("where the offset itself is next to 2^32", () => {
		// Capture time less stamp, modulo 2^32, is 2^32 - 1 for the late and 0 for the punctual, or the other way round.
		const at = Math.ceil(begin / ms / wrap) * wrap;
		for (const offset of [wrap - 1, 0, 1]) {
			const clock = new ServerClock();
			clock.push(0, (at + offset + 2) * ms);
			clock.push(0, (at + offset) * ms);
			expect(clock.roundTripUs(0, (at + offset + 80) * ms)).toBe(80 * ms);
		}
	});

	test("through ten wraps with a push a minute", () => {
		const server = new Server(wrap - 1);
		for (let at = 0; at < 10 * wrap; at += wrap / 64) {
			server.push(at * ms);
			expect(server.rtt(at * ms, 80 * ms)).toBe(80 * ms);
		}
	});
});

describe("a server that was restarted", () => {
	/** A server that ran for an hour, then another whose clock begins at 0. */
	function restarted() {
		const server = new Server(3_600_000);
		server.push(0);
		server.startMs = 0;
		return server;
	}

	test("is known after eight pushes in a row that do not fit, not after seven", () => {
		const server = restarted();
		for (let count = 1; count <= 7; count++) server.push(count * second);
		expect(server.rtt(7 * second, 80 * ms)).toBe(-1);
		server.push(8 * second);
		expect(server.rtt(8 * second, 80 * ms)).toBe(80 * ms);
	});

	test("gives no round trips by the old clock, however short the old one ran", () => {
		const server = new Server(40_000);
		server.push(0);
		server.startMs = 0;
		for (let count = 1; count <= 7; count++) {
			server.push(count * second);
			expect([count, server.rtt(count * second, 80 * ms)]).toEqual([count, -1]);
		}
		server.push(8 * second);
		expect(server.rtt(8 * second, 80 * ms)).toBe(80 * ms);
	});

	test("is measured against the fastest of the eight", () => {
		const server = restarted();
		for (let count = 1; count <= 8; count++) server.push(count * second, count === 5 ? 2 * ms : 100 * ms);
		expect(server.rtt(8 * second, 80 * ms)).toBe(78 * ms);
	});

	test("is not believed while pushes of the old clock come in between", () => {
		const server = restarted();
		for (let count = 1; count <= 72; count++) {
			server.startMs = count % 8 === 0 ? 3_600_000 : 0;
			server.push(count * second);
		}
		server.startMs = 3_600_000;
		expect(server.rtt(72 * second, 80 * ms)).toBe(80 * ms);
		server.startMs = 0;
		expect(server.rtt(72 * second, 80 * ms)).toBe(-1);
	});

	test("one push that is stamped ahead of its time moves no clock that eight others made; eight do", () => {
		const server = new Server(5_000);
		for (let count = 0; count < 8; count++) server.push(count * second);
		server.startMs += 8_700;
		for (let count = 8; count < 15; count++) server.push(count * second);
		server.startMs -= 8_700;
		expect(server.rtt(14 * second, 80 * ms)).toBe(80 * ms);
		server.startMs += 8_700;
		server.push(15 * second);
		expect(server.rtt(15 * second, 80 * ms)).toBe(80 * ms);
	});

	test("many pushes of one message are one", () => {
		const server = restarted();
		for (let count = 0; count < 50; count++) server.push(7 * second);
		expect(server.rtt(7 * second, 80 * ms)).toBe(-1);
	});

	test("pushes that a session left waiting are no other clock, however many, before they fit again and after", () => {
		const server = new Server();
		server.push(0);
		for (let count = 0; count < 60; count++) {
			// Stamped 20 s ago, all at once, and carried away by 25 queries a second.
			server.push(0, 20 * second + count * 40 * ms);
			expect(server.rtt(22 * second, 80 * ms)).toBe(80 * ms);
		}
		server.push(23 * second);
		expect(server.rtt(23 * second, 80 * ms)).toBe(80 * ms);
	});

	test("whose clock is ahead of the old one's by 10 s at most needs no eight while the old one is not certain", () => {
		const server = new Server(5_000);
		server.push(0);
		server.startMs += 10_000;
		server.push(1 * second);
		expect(server.rtt(1 * second, 80 * ms)).toBe(80 * ms);
	});

	test("whose clock is behind the old one's by 10 s at most needs no eight, and 1 ms more is another", () => {
		for (const [behindMs, expected] of [
			[10_000, 10_080 * ms],
			[10_001, -1],
		] as const) {
			const server = new Server(50_000);
			server.push(0);
			server.startMs -= behindMs;
			server.push(1 * second);
			expect([behindMs, server.rtt(1 * second, 80 * ms)]).toEqual([behindMs, expected]);
		}
	});

	test("and 1 ms more is another", () => {
		const server = new Server(5_000);
		server.push(0);
		server.startMs += 10_001;
		server.push(1 * second);
		expect(server.rtt(1 * second, 80 * ms)).toBe(-1);
	});
});

describe("two clocks that drift apart", () => {
	test("by one that gains on the server's: the offset is of the last two minutes", () => {
		const server = new Server();
		server.push(0);
		// The server's clock falls back by 30 ms at once: pushes seem late.
		server.startMs -= 30;
		server.push(59 * second);
		expect(server.rtt(59 * second, 80 * ms)).toBe(110 * ms);
		server.push(60 * second);
		expect(server.rtt(60 * second, 80 * ms)).toBe(110 * ms);
		server.push(119 * second);
		expect(server.rtt(119 * second, 80 * ms)).toBe(110 * ms);
		server.push(120 * second);
		expect(server.rtt(120 * second, 80 * ms)).toBe(80 * ms);
	});

	test("by one that falls behind: the offset follows at once", () => {
		const server = new Server();
		server.push(0);
		server.startMs += 30;
		server.push(1 * second);
		expect(server.rtt(1 * second, 80 * ms)).toBe(80 * ms);
	});

	test("a tunnel that was idle for a day has an acknowledgement's own push to go by", () => {
		const server = new Server();
		server.push(0);
		server.push(86_400 * second, 700 * ms);
		expect(server.rtt(86_400 * second, 780 * ms)).toBe(780 * ms);
		server.push(86_500 * second, 700 * ms);
		expect(server.rtt(86_500 * second, 780 * ms)).toBe(80 * ms);
	});
});
