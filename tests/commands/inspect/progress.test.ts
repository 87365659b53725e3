import { expect, test } from "bun:test";
import { progressText } from "../../../src/commands/inspect/progress.ts";

const progress = {
	file: "day.pcap",
	number: 1,
	files: 1,
	share: 0.4271,
	packets: 1_234_567,
	packetsPerSecond: 7e6 / 3,
};

test.each([
	["the share, packets, their rate and the file", {}, "42 %  1,234,567 packets  2,333,333 packets/s  day.pcap"],
	[
		"which of several files",
		{ number: 2, files: 3 },
		"42 %  1,234,567 packets  2,333,333 packets/s  file 2 of 3: day.pcap",
	],
	["no share where the length is not known", { share: null }, "1,234,567 packets  2,333,333 packets/s  day.pcap"],
	["never more than all of it", { share: 1.2 }, "100 %  1,234,567 packets  2,333,333 packets/s  day.pcap"],
])("progress has %s", (_, more, text) => {
	expect(progressText({ ...progress, ...more }, 80)).toBe(text);
});

test("progress is cut to its line", () => {
	expect(progressText(progress, 20)).toBe("42 %  1,234,567 pack");
});
