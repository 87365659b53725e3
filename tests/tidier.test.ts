import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import { Tidier } from "../src/tidier.ts";

let done: string[] = [];
const start = () =>
	new Tidier(
		() => done.push("collected"),
		() => done.push("tidied"),
	);

beforeEach(() => {
	done = [];
	jest.useFakeTimers();
});

afterEach(() => {
	jest.useRealTimers();
});

test("small scrapes leave nothing to do until several have come together", () => {
	const tidier = start();
	for (let scrape = 0; scrape < 5; scrape++) {
		tidier.wrote(20_000);
		tidier.scraped();
	}
	jest.advanceTimersByTime(10_000);
	expect(done).toEqual([]);
	tidier.wrote(20_000);
	tidier.scraped();
	jest.advanceTimersByTime(999);
	expect(done).toEqual([]);
	jest.advanceTimersByTime(1);
	expect(done).toEqual(["tidied"]);
	// What was tidied counts no more.
	tidier.wrote(20_000);
	tidier.scraped();
	jest.advanceTimersByTime(10_000);
	expect(done).toEqual(["tidied"]);
});

test("a long scrape has its garbage collected while it goes on, and is tidied up after", () => {
	const tidier = start();
	for (let metric = 0; metric < 6; metric++) tidier.wrote(400_000);
	expect(done).toEqual(["collected", "collected", "collected"]);
	tidier.scraped();
	jest.advanceTimersByTime(1_000);
	expect(done).toEqual(["collected", "collected", "collected", "tidied"]);
});

test("the scrapes of a moment are tidied up after once", () => {
	const tidier = start();
	for (let scrape = 0; scrape < 4; scrape++) {
		tidier.wrote(200_000);
		tidier.scraped();
		jest.advanceTimersByTime(200);
	}
	jest.advanceTimersByTime(1_000);
	expect(done).toEqual(["collected", "tidied"]);
});

test("nothing is done after the stop", () => {
	const tidier = start();
	tidier.later();
	tidier.stop();
	jest.advanceTimersByTime(10_000);
	expect(done).toEqual([]);
});

test("what is collected is garbage in earnest", () => {
	jest.useRealTimers();
	let collected = 0;
	const registry = new FinalizationRegistry(() => collected++);
	(() => {
		for (let index = 0; index < 100; index++) registry.register({ index }, index);
	})();
	new Tidier().wrote(1_000_000);
	return Bun.sleep(10).then(() => expect(collected).toBeGreaterThan(90));
});
