import { describe, expect, test } from "bun:test";
import { dayPointsMax, daySamples, History, hourPointsMax, sampleMs } from "../../src/status/history.ts";
import type { Point } from "../../src/status/status.ts";

/** The sample of a moment: the active clients, and rates that are its multiples. */
function sample(index: number, active = index): Point {
	return [index * sampleMs, active, active * 2, active * 10, active * 100];
}

function filled(samples: number): History {
	const history = new History();
	for (let index = 0; index < samples; index++) history.push(sample(index));
	return history;
}

describe("history", () => {
	test("the limits are an hour and a day", () => {
		expect(hourPointsMax * sampleMs).toBe(3_600_000);
		expect(dayPointsMax * daySamples * sampleMs).toBe(86_400_000);
	});

	test("is empty at first", () => {
		expect(new History().status()).toEqual({ hour: [], day: [] });
	});

	test("gives points as they were pushed, oldest first", () => {
		expect(filled(3).status().hour).toEqual([sample(0), sample(1), sample(2)]);
	});

	test("keeps an hour, and loses the oldest point to one more", () => {
		expect(filled(hourPointsMax).status().hour[0]).toEqual(sample(0));
		const { hour } = filled(hourPointsMax + 1).status();
		expect(hour.length).toBe(hourPointsMax);
		expect(hour[0]).toEqual(sample(1));
		expect(hour.at(-1)).toEqual(sample(hourPointsMax));
	});

	test("makes a point of the day of thirty samples: the most clients, the mean of the rates", () => {
		const history = new History();
		for (let index = 0; index < daySamples - 1; index++) {
			expect(history.push(sample(index, index === 5 ? 31 : 1)).day).toBeNull();
		}
		const step = history.push(sample(daySamples - 1, 1));
		expect(step).toEqual({
			hour: sample(daySamples - 1, 1),
			day: [(daySamples - 1) * sampleMs, 31, 4, 20, 200],
		});
		expect(history.status().day).toEqual([step.day as Point]);
	});

	test("a point of the day takes nothing over from the one before", () => {
		const history = new History();
		for (let index = 0; index < daySamples; index++) history.push(sample(index, 9));
		for (let index = 0; index < daySamples; index++) history.push(sample(index, 2));
		expect(history.status().day.map(([, active, queries]) => [active, queries])).toEqual([
			[9, 18],
			[2, 4],
		]);
	});

	test("keeps a day, and loses the oldest point to one more", () => {
		const history = filled((dayPointsMax + 1) * daySamples);
		const { day } = history.status();
		expect(day.length).toBe(dayPointsMax);
		expect(day[0]?.[0]).toBe((2 * daySamples - 1) * sampleMs);
	});
});
