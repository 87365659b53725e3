/** The charts as a real browser draws them: their axes, gaps and cursors. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import type { HistoryStatus, Point } from "../../../src/status/status.ts";
import { until } from "../../support/process.ts";
import { haveChromium, launchChromium, violations, visit } from "./browser.ts";
import { busyHistory, busyStatus, nowMs, servePage } from "./fixture.ts";

const live = `#connection[data-state="live"]`;
const charts = ["active", "queries", "traffic"] as const;
const desktop: BrowserContextOptions = { viewport: { width: 1440, height: 900 } };
const phone: BrowserContextOptions = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const smallPhone: BrowserContextOptions = { ...phone, viewport: { width: 320, height: 640 } };

/** Samples of the last seconds before now, ten seconds apart. */
function samples(count: number, valuesOf: (index: number) => readonly [number, number, number, number]): HistoryStatus {
	const hour = Array.from(
		{ length: count },
		(_, index): Point => [nowMs - (count - 1 - index) * 10_000, ...valuesOf(index)],
	);
	return { hour, day: [] };
}

const steady = samples(30, (index) => [100 + index, 20, 1_500, 15_000]);

/** A text as it was drawn on a canvas, in CSS pixels. */
interface Label {
	readonly text: string;
	readonly x: number;
	readonly y: number;
	readonly width: number;
	readonly align: string;
}

type Box = Readonly<Record<"left" | "right" | "top" | "bottom" | "width", number>>;

/** Has canvases keep what is written on them since they were cleared. uPlot draws its axes so. */
const keepLabels = `{
	const { clearRect, fillText } = CanvasRenderingContext2D.prototype;
	CanvasRenderingContext2D.prototype.clearRect = function (...box) {
		this.canvas.labels = [];
		return clearRect.apply(this, box);
	};
	CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
		const ratio = devicePixelRatio;
		const width = this.measureText(text).width / ratio;
		this.canvas.labels.push({ text, x: x / ratio, y: y / ratio, width, align: this.textAlign });
		return fillText.call(this, text, x, y);
	};
}`;

function labelsOf(page: Page, chart: string): Promise<Label[]> {
	return page.evaluate(`document.querySelector("#${chart}-chart canvas").labels`);
}

/** The pixels with any colour in one column of a chart's canvas, at a share of the plot's width. */
function paintedAt(page: Page, chart: string, share: number): Promise<number> {
	return page.evaluate(`(() => {
		const host = document.getElementById("${chart}-chart");
		const canvas = host.querySelector("canvas");
		const over = host.querySelector(".u-over");
		const x = Math.round((over.offsetLeft + over.offsetWidth * ${share}) * devicePixelRatio);
		const height = Math.round((over.offsetTop + over.offsetHeight) * devicePixelRatio) - 2;
		const { data } = canvas.getContext("2d").getImageData(x, 0, 1, height);
		return data.filter((value, index) => index % 4 === 3 && value > 0).length;
	})()`);
}

const tooltipLines = async (page: Page, chart: string) =>
	((await page.locator(`#${chart}-chart .tooltip`).textContent()) ?? "").split("\n");

const pressedSpans = (page: Page) => page.locator(`[data-span][aria-pressed="true"]`).allInnerTexts();

/** Moves the pointer to a share of a chart's width. */
async function point(page: Page, chart: string, share: number): Promise<void> {
	const over = page.locator(`#${chart}-chart .u-over`);
	await over.scrollIntoViewIfNeeded();
	const box = await over.boundingBox();
	if (box === null) throw new Error(`no ${chart} chart`);
	await page.mouse.move(box.x + 1 + (box.width - 2) * share, box.y + box.height / 2);
}

describe.skipIf(!(await haveChromium()))("the charts", () => {
	let browser: Browser;
	beforeAll(async () => {
		browser = await launchChromium();
	});
	afterAll(() => browser?.close());

	const histories: readonly (readonly [string, HistoryStatus])[] = [
		["a day", busyHistory],
		["the first minute, of 0 to 4", samples(4, (index) => [index + 1, index + 1, index + 1, index + 1])],
		["the first minute, of 0 to 1", samples(2, (index) => [index, index, index, index])],
		["nothing yet", { hour: [], day: [] }],
	];
	const sizes = [
		["1440x900", desktop],
		["390x844", phone],
		["320x640", smallPhone],
	] as const;

	describe.each(sizes)("at %s", (_, options) => {
		test.each(histories)("have three ticks or more on every axis in every span, with %s", async (_title, history) => {
			await using served = servePage(busyStatus, history);
			await using visited = await visit(browser, served.url, { ...options, locale: "en-US" });
			const { page, faults } = visited;
			await page.addInitScript(keepLabels);
			await page.reload();
			await page.waitForSelector(live);
			for (const span of ["5min", "15min", "hour", "day"]) {
				await page.locator(`[data-span="${span}"]`).click();
				await page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))");
				for (const chart of charts) {
					const labels = await labelsOf(page, chart);
					const times = labels.filter(({ align }) => align === "center");
					const figures = labels.filter(({ align }) => align === "right");
					const where = `${chart} over ${span}: ${labels.map(({ text }) => text).join(", ")}`;
					expect(times.length, where).toBeGreaterThanOrEqual(3);
					expect(figures.length, where).toBeGreaterThanOrEqual(chart === "traffic" ? 6 : 3);
					for (const [index, { x, width }] of times.slice(1).entries()) {
						const before = times[index] as Label;
						expect(x - width / 2, where).toBeGreaterThan(before.x + before.width / 2);
					}
					const heights = figures.map(({ y }) => y).toSorted((a, b) => a - b);
					for (const [index, y] of heights.slice(1).entries())
						expect(y - (heights[index] as number), where).toBeGreaterThan(12);
					for (const { x, width } of figures) expect(x - width, where).toBeGreaterThanOrEqual(0);
					if (chart !== "traffic") expect(new Set(figures.map(({ text }) => text)).size).toBe(figures.length);
				}
			}
			expect(faults).toEqual([]);
		});
	});

	test("have a line within the first minute, and a longer span when it is chosen", async () => {
		await using served = servePage(
			busyStatus,
			samples(3, () => [4, 2, 2_000, 20_000]),
		);
		await using visited = await visit(browser, served.url, desktop);
		const { page } = visited;
		await page.waitForSelector(live);
		expect(await pressedSpans(page)).toEqual(["5 min"]);
		for (const chart of charts) {
			expect(await paintedAt(page, chart, 0.97)).toBeGreaterThan(60);
			expect(await paintedAt(page, chart, 0.5)).toBeLessThan(12);
		}
		await page.locator(`[data-span="day"]`).click();
		expect(await pressedSpans(page)).toEqual(["24 h"]);
		expect(await page.locator("#active-chart").getAttribute("aria-label")).toBe(
			"Active clients over the last day: now 4 active, between 4 active and 4 active",
		);
		served.events.send("point", { hour: [nowMs + 400_000, 3, 2, 2_000, 20_000], day: null });
		await until(
			async () =>
				(await page.locator("#active-chart").getAttribute("aria-label"))?.includes(
					"now 3 active, between 3 active and 4 active",
				)
					? true
					: undefined,
			() => "the new point",
		);
		expect(await pressedSpans(page)).toEqual(["24 h"]);
	});

	test("have one cursor, and beside it in each chart the values with their time and zone", async () => {
		await using served = servePage(busyStatus, steady);
		await using visited = await visit(browser, served.url, {
			...desktop,
			timezoneId: "Asia/Tehran",
			locale: "en-GB",
		});
		const { page, faults } = visited;
		await page.waitForSelector(live);
		for (const chart of charts) expect(await page.locator(`#${chart}-chart .tooltip`).isVisible()).toBe(false);
		for (const hovered of charts) {
			// The 20th of 30 samples is 100 s before the end of five minutes.
			await point(page, hovered, 200 / 300);
			expect(await tooltipLines(page, "active")).toEqual(["23:58:20 GMT+3:30", "119 active"]);
			expect(await tooltipLines(page, "queries")).toEqual(["23:58:20 GMT+3:30", "20.0 queries/s"]);
			expect(await tooltipLines(page, "traffic")).toEqual([
				"23:58:20 GMT+3:30",
				"received 1.50 kB/s",
				"sent 15.0 kB/s",
			]);
		}
		expect(await violations(page)).toEqual([]);
		await page.mouse.move(0, 0);
		for (const chart of charts) expect(await page.locator(`#${chart}-chart .tooltip`).isVisible()).toBe(false);
		expect(faults).toEqual([]);
	});

	test.each([
		["1440x900", desktop],
		["390x844", phone],
	] as const)("have the values inside, beside the cursor, at both edges and between, at %s", async (_, options) => {
		await using served = servePage(busyStatus, steady);
		await using visited = await visit(browser, served.url, {
			...options,
			locale: "en-US",
			timezoneId: "Asia/Tehran",
		});
		const { page } = visited;
		await page.waitForSelector(live);
		for (const share of [0.04, 0.3, 0.5, 0.7, 1]) {
			await point(page, "active", share);
			for (const chart of charts) {
				const { tip, plot, line } = (await page.evaluate(`(() => {
					const host = document.getElementById("${chart}-chart");
					const box = (selector) => host.querySelector(selector).getBoundingClientRect().toJSON();
					return { tip: box(".tooltip"), plot: box(".u-over"), line: box(".u-cursor-x").left };
				})()`)) as { tip: Box; plot: Box; line: number };
				expect(tip.width).toBeGreaterThan(50);
				expect(tip.left).toBeGreaterThanOrEqual(plot.left - 0.5);
				expect(tip.right).toBeLessThanOrEqual(plot.right + 0.5);
				expect(tip.top).toBeGreaterThanOrEqual(plot.top - 0.5);
				expect(tip.bottom).toBeLessThanOrEqual(plot.bottom + 0.5);
				// Where the chart has room for it at a side, it does not cover the cursor.
				const hasRoom = Math.max(line - plot.left, plot.right - line) > tip.width + 12;
				if (hasRoom) expect(line <= tip.left || line >= tip.right).toBe(true);
			}
		}
	});

	test("follow a finger", async () => {
		await using served = servePage(busyStatus, steady);
		await using visited = await visit(browser, served.url, phone);
		const { page, context } = visited;
		await page.waitForSelector(live);
		const over = page.locator("#traffic-chart .u-over");
		await over.scrollIntoViewIfNeeded();
		const box = await over.boundingBox();
		if (box === null) throw new Error("no traffic chart");
		const at = (share: number) => [{ x: box.x + box.width * share, y: box.y + 80 }];
		const session = await context.newCDPSession(page);
		await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: at(0.4) });
		for (const [share, active] of [
			[0.5, 114],
			[0.6, 117],
			[0.8, 123],
		] as const) {
			await session.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: at(share) });
			await until(
				async () => ((await tooltipLines(page, "active"))[1] === `${active} active` ? true : undefined),
				() => `${active} active`,
			);
		}
		await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
		expect(await tooltipLines(page, "queries")).toContain("20.0 queries/s");
		expect(await page.locator("#queries-chart .tooltip").isVisible()).toBe(true);
	});

	test("have a gap while the capture is closed, which grows and stays, and the figures are grey until it is open", async () => {
		await using served = servePage(busyStatus, steady);
		await using visited = await visit(browser, served.url, desktop);
		const { page } = visited;
		await page.waitForSelector(live);
		const greyed = () =>
			page.evaluate(
				`[".now", ".charts", ".ranking", ".entries"].map((name) => Number(getComputedStyle(document.querySelector(name)).opacity) < 1)`,
			);
		expect(await greyed()).toEqual([false, false, false, false]);
		const closedMs = nowMs + 100_000;
		const time = new Date(closedMs).toISOString();
		served.push({ ...busyStatus, time, capture: { ...busyStatus.capture, up: false } });
		const label = () => page.locator("#active-chart").getAttribute("aria-label");
		await until(
			async () => ((await label())?.includes("now nothing is captured") ? true : undefined),
			() => "a gap at the end",
		);
		expect(await greyed()).toEqual([true, true, true, true]);
		for (const chart of charts) {
			// Closed for the last 100 of the 390 s that 15 minutes show.
			expect(await paintedAt(page, chart, 1 - 120 / 900)).toBeGreaterThan(60);
			expect(await paintedAt(page, chart, 1 - 60 / 900)).toBeLessThan(12);
		}
		await point(page, "queries", 1 - 30 / 900);
		expect((await tooltipLines(page, "queries"))[1]).toBe("nothing was captured");
		served.push({ ...busyStatus, time });
		for (const ms of [10_000, 20_000])
			served.events.send("point", { hour: [closedMs + ms, 50, 20, 1_500, 15_000], day: null });
		await until(
			async () => ((await label())?.includes("now 50 active") ? true : undefined),
			() => "the points after the gap",
		);
		expect(await greyed()).toEqual([false, false, false, false]);
		for (const chart of charts) {
			expect(await paintedAt(page, chart, 1 - 5 / 900)).toBeGreaterThan(40);
			expect(await paintedAt(page, chart, 1 - 60 / 900)).toBeLessThan(12);
			expect(await paintedAt(page, chart, 1 - 140 / 900)).toBeGreaterThan(60);
		}
	});
});
