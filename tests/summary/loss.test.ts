import { describe, expect, test } from "bun:test";
import { lossOf } from "../../src/summary/loss.ts";

describe("the share of lost packets", () => {
	test.each([
		["is none where none was lost", 900, 0, 0, 0, "none"],
		["is none before the first packet", 0, 0, 0, 0, "none"],
		["takes the kernel's drops as received", 1_000, 500, 0, 500, "50 %: kernel 500, interface 0"],
		["takes the interface's drops as not received", 900, 0, 100, 100, "10 %: kernel 0, interface 100"],
		["adds up both", 900, 100, 100, 200, "20 %: kernel 100, interface 100"],
		["is all where all were lost", 7, 7, 0, 7, "100 %: kernel 7, interface 0"],
	])("%s", (_title, received, kernel, byInterface, dropped, note) => {
		const loss = lossOf({ received, dropped_by_kernel: kernel, dropped_by_interface: byInterface });
		expect(loss.dropped).toBe(dropped);
		expect(loss.note).toStartWith(note);
	});
});
