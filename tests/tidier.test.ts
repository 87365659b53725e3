import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import { Tidier, tidyDelayMs, uncollectedMax, untidiedMax, wholeEvery } from "../src/tidier.ts";

let done: string[] = [];
const start = () =>
	new Tidier(
		(isWhole) => done.push(isWhole ? "collected whole" : "collected"),
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
	const scrape = (characters: number) => {
		tidier.wrote(characters);
		tidier.scraped();
		jest.advanceTimersByTime(tidyDelayMs);
	};
	scrape(untidiedMax - 1);
	scrape(1);
	expect(done).toEqual([]);
	scrape(1);
	expect(done).toEqual(["tidied"]);
	// What was tidied counts no more.
	scrape(untidiedMax);
	expect(done).toEqual(["tidied"]);
	scrape(1);
	expect(done).toEqual(["tidied", "tidied"]);
});

test("a long scrape has its garbage collected while it goes on, and is tidied up after", () => {
	const tidier = start();
	for (let metric = 0; metric < wholeEvery * 2; metric++) tidier.wrote(uncollectedMax / 2 + 1);
	const collected = [...Array<string>(wholeEvery - 1).fill("collected"), "collected whole"];
	expect(done).toEqual(collected);
	tidier.scraped();
	jest.advanceTimersByTime(tidyDelayMs - 1);
	expect(done).toEqual(collected);
	jest.advanceTimersByTime(1);
	expect(done).toEqual([...collected, "tidied"]);
});

test("the scrapes of a moment are tidied up after once", () => {
	const tidier = start();
	for (let scrape = 0; scrape < 4; scrape++) {
		tidier.wrote(untidiedMax / 2 + 1);
		tidier.scraped();
		jest.advanceTimersByTime(tidyDelayMs / 5);
	}
	jest.advanceTimersByTime(tidyDelayMs);
	expect(done.filter((what) => what === "tidied")).toHaveLength(1);
});

test("nothing is done after the stop, whatever waited or comes", () => {
	const tidier = start();
	tidier.later();
	tidier.stop();
	tidier.wrote(untidiedMax + 1);
	tidier.scraped();
	jest.advanceTimersByTime(10 * tidyDelayMs);
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
