/** The status page as people have it: in a real browser, fed by the executable, and with made-up figures for what takes a day. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import type { Status } from "../../../src/status/status.ts";
import { type Samples, startExporter } from "../../support/exporter.ts";
import { asnRecord, countryRecord, writeMmdb } from "../../support/mmdb.ts";
import { until } from "../../support/process.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { haveChromium, launchChromium, violations, visit } from "./browser.ts";
import { busyHistory, busyStatus, quietStatus, servePage } from "./fixture.ts";
import { openTunnel } from "./tunnel.ts";

const domain = "t.example.com";
const isRoot = process.getuid?.() === 0;
/** Left there to be looked at. */
const screenshots = join(tmpdir(), "dnstt_exporter-status-page");

const live = `#connection[data-state="live"]`;
const phone: BrowserContextOptions = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, isMobile: true };

const textOf = async (page: Page | Locator, selector: string) => (await page.locator(selector).textContent()) ?? "";
/** The text of a figure of the first section. */
const figure = (page: Page, name: string) => textOf(page, `[data-figure="${name}"]`);

/** Waits until an expression is true in the page. Playwright's own way is to evaluate a string there, which the page's policy forbids. */
function holds(page: Page, expression: string): Promise<true> {
	const ask = async () => ((await page.evaluate(expression).catch(() => false)) === true ? true : undefined);
	return until(ask, () => expression);
}

/** The rows of a ranking: name, active clients. */
async function ranking(page: Page, name: string): Promise<[string, number][]> {
	const rows = await page.locator(`#${name} tbody tr`).all();
	return Promise.all(
		rows.map(async (row): Promise<[string, number]> => {
			const [active = ""] = await row.locator("td").allInnerTexts();
			return [await textOf(row, "th"), Number(active)];
		}),
	);
}

/** Active clients by the value of a label, as the metrics have them, most first. */
function activeBy(samples: Samples, label: string): [string, number][] {
	const sums = new Map<string, number>();
	for (const { name, labels, value } of samples.all) {
		const key = labels[label];
		if (name === "dnstt_active_clients" && key !== undefined) sums.set(key, (sums.get(key) ?? 0) + value);
	}
	return [...sums].toSorted(([, a], [, b]) => b - a);
}

describe.skipIf(!(await haveChromium()))("the status page", () => {
	let browser: Browser;
	beforeAll(async () => {
		mkdirSync(screenshots, { recursive: true });
		browser = await launchChromium();
	});
	afterAll(() => browser?.close());

	describe.skipIf(!isRoot)("of the executable, fed with live traffic", () => {
		const names: Readonly<Record<string, string>> = { DE: "Germany (DE)", FR: "France (FR)", ZZ: "Unknown country" };

		test("has the figures of /metrics, renews them without a reload, and comes back after a restart", async () => {
			using folder = temporaryFolder();
			const countries = [
				["127.0.1.0/24", countryRecord("DE")],
				["127.0.2.0/24", countryRecord("FR")],
			] as const;
			await Bun.write(folder.file("country.mmdb"), writeMmdb(countries, { databaseType: "GeoLite2-Country" }));
			const systems = [["127.0.0.0/22", asnRecord(64_500)]] as const;
			await Bun.write(folder.file("asn.mmdb"), writeMmdb(systems, { databaseType: "GeoLite2-ASN" }));
			using tunnel = await openTunnel(domain, [
				{ address: "127.0.1.1", clients: 9 },
				{ address: "127.0.2.1", clients: 4 },
				{ address: "127.0.9.1", clients: 1 },
			]);
			using more = await openTunnel(domain, [{ address: "127.0.2.7", clients: 8 }]);
			const free = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
			const listenAddress = `127.0.0.1:${free.port}`;
			await free.stop(true);
			const start = () =>
				startExporter({
					flags: [
						...["--dnstt.domain", domain, "--dnstt.port", String(tunnel.port), "--dnstt.port", String(more.port)],
						...["--capture.interface", "lo", "--geoip.country-database", folder.file("country.mmdb")],
						...["--geoip.asn-database", folder.file("asn.mmdb")],
					],
					listenAddress,
				});

			let exporter = await start();
			try {
				await using visited = await visit(browser, exporter.url);
				const { page, faults } = visited;
				await page.waitForSelector(live);
				expect(await textOf(page, "#conditions")).toContain("No tunnel traffic yet");
				await page.evaluate("window.isSameDocument = true");

				/** Waits until the page shows this many clients, and compares it with the metrics of then. */
				const agrees = async (clients: number) => {
					await until(
						async () => ((await figure(page, "active")) === String(clients) ? true : undefined),
						() => `${clients} active clients on the page`,
					);
					const samples = await exporter.metrics();
					const status = (await (await exporter.get("/status.json")).json()) as Status;
					expect(samples.sum("dnstt_active_clients")).toBe(clients);
					expect(await figure(page, "sessions")).toBe(String(samples.sum("dnstt_sessions_total")));
					expect(await textOf(page, ".tiles")).toContain(`${samples.sum("dnstt_queries_total")} total`);
					expect(await ranking(page, "countries")).toEqual(
						activeBy(samples, "country").map(([country, active]) => [names[country] ?? "", active]),
					);
					expect(await ranking(page, "asns")).toEqual(
						activeBy(samples, "asn").map(([asn, active]) => [
							asn === "0" ? "Unknown network" : `Example Network ${asn} (AS${asn})`,
							active,
						]),
					);
					const { total, health, capture } = status;
					expect(total.bytes_in).toBe(samples.sum("dnstt_bytes_in_total"));
					expect(total.bytes_out).toBe(samples.sum("dnstt_bytes_out_total"));
					expect(total.peak_clients).toBe(samples.sum("dnstt_domain_peak_clients"));
					expect(health.segments_out).toBe(samples.sum("dnstt_segments_out_total"));
					expect(capture.dropped_by_kernel).toBe(0);
				};

				for (let round = 0; round < 5; round++) await tunnel.exchange();
				await agrees(14);
				expect(await textOf(page, "#conditions")).not.toContain("No tunnel traffic yet");
				const trip = (await (await exporter.get("/status.json")).json()) as Status;
				expect(trip.health.round_trip_seconds?.median).toBeWithin(0.07, 0.12);
				await more.exchange();
				await agrees(22);
				expect((await ranking(page, "countries"))[0]).toEqual(["France (FR)", 12]);
				expect(await page.title()).toBe(`22 active · ${hostname()} · dnstt_exporter`);
				expect(await page.evaluate("window.isSameDocument")).toBe(true);
				await holds(page, `document.getElementById("active-chart").ariaLabel.includes("now 22")`);
				expect(faults).toEqual([]);

				await exporter.stop();
				await page.waitForSelector(`#connection[data-state="lost"]`);
				expect(await textOf(page, "#connection")).toContain("Connection lost");
				exporter = await start();
				await page.waitForSelector(live);
				await until(
					async () => ((await figure(page, "active")) === "0" ? true : undefined),
					() => "the figures of the new start",
				);
				expect(faults.filter((fault) => !/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE|ERR_EMPTY/.test(fault))).toEqual([]);
			} finally {
				await exporter.stop();
			}
		}, 40_000);

		test("is off with web.status-page: false, and the landing page is in its place", async () => {
			const free = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
			const listenAddress = `127.0.0.1:${free.port}`;
			await free.stop(true);
			const flags = ["--dnstt.domain", domain, "--capture.interface", "lo", "--web.status-page=false"];
			await using exporter = await startExporter({ flags, listenAddress });
			expect(await (await exporter.get("/")).text()).toContain(`<a href="/metrics">Metrics</a>`);
			for (const path of ["/page.js", "/page.css"]) expect((await exporter.get(path)).status).toBe(404);
		});
	});

	const looks: [string, Status, BrowserContextOptions][] = [
		["light", busyStatus, { colorScheme: "light" }],
		["dark", busyStatus, { colorScheme: "dark" }],
		["phone", busyStatus, { ...phone, colorScheme: "light" }],
		["phone-dark", quietStatus, { ...phone, colorScheme: "dark" }],
		["quiet", quietStatus, { colorScheme: "light" }],
	];
	test.each(looks)(
		"%s: axe finds nothing, nothing moves or sticks out, and nothing is asked of another host",
		async (name, status, options) => {
			await using served = servePage(status, status === busyStatus ? busyHistory : { hour: [], day: [] });
			await using visited = await visit(browser, served.url, options);
			const { page, faults } = visited;
			await page.waitForSelector(live);
			served.push({ ...status, total: { ...status.total, sessions: status.total.sessions + 1 } });
			await holds(page, `document.querySelector('[data-figure="sessions"]').textContent !== ""`);
			const [shift, overhang] = (await page.evaluate(`new Promise((resolve) => {
			let shift = 0;
			new PerformanceObserver((list) => { for (const entry of list.getEntries()) shift += entry.value; })
				.observe({ type: "layout-shift", buffered: true });
			setTimeout(() => resolve([shift, document.documentElement.scrollWidth - innerWidth]), 100);
		})`)) as [number, number];
			expect(shift).toBeLessThan(0.01);
			expect(overhang).toBe(0);
			await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
			expect(await violations(page)).toEqual([]);
			expect(faults).toEqual([]);
		},
		20_000,
	);

	test.each([
		["1440x900", { viewport: { width: 1440, height: 900 } }],
		["390x844", { viewport: { width: 390, height: 844 }, isMobile: true }],
	] as const)("the worst condition is on the first screen at %s, whole", async (name, options) => {
		const [warning] = busyStatus.conditions;
		if (warning === undefined) throw new Error("no condition");
		const worst = {
			...warning,
			id: "server_silent",
			severity: "critical",
			title: "The server does not respond",
			sentence: "t.example.com: 812 queries within 1 min 30 s, and no response.",
			remedy: "See whether dnstt-server runs, and what it logs; restart it.",
		} as const;
		await using served = servePage({ ...busyStatus, conditions: [worst, warning] }, busyHistory);
		await using visited = await visit(browser, served.url, options);
		const { page, faults } = visited;
		await page.waitForSelector(live);
		expect(await textOf(page, "#state")).toStartWith("The server does not respond – and 1 more");
		expect(await textOf(page, "h1")).toBe("dnstt_exporter on vps1");
		const bottom = await page.evaluate(`document.querySelector("#conditions li").getBoundingClientRect().bottom`);
		expect(bottom).toBeWithin(0, options.viewport.height);
		await page.screenshot({ path: join(screenshots, `worst-${name}.png`) });
		served.push({ ...busyStatus, capture: { ...busyStatus.capture, up: false } });
		await holds(page, `document.documentElement.dataset.capture === "closed"`);
		await page.screenshot({ path: join(screenshots, `closed-${name}.png`) });
		expect(faults).toEqual([]);
	});

	describe("with made-up figures", () => {
		let served: ReturnType<typeof servePage>;
		beforeAll(() => {
			served = servePage(busyStatus, busyHistory);
		});
		afterAll(() => served.stop());

		test("is sorted and switched by keyboard alone, and keeps the focus while figures change", async () => {
			await using visited = await visit(browser, served.url);
			const { page, faults } = visited;
			await page.waitForSelector(live);
			const tabTo = async (selector: string) => {
				for (let steps = 0; steps < 40; steps++) {
					await page.keyboard.press("Tab");
					if (await page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) return;
				}
				throw new Error(`Tab does not lead to ${selector}`);
			};
			const first = async () => (await ranking(page, "countries"))[0]?.[0];
			const sort = (column: number) =>
				page.locator(`#countries th:has([data-column="${column}"])`).getAttribute("aria-sort");

			await tabTo("[data-span=day]");
			await page.keyboard.press("Space");
			expect(await page.locator("[data-span=day]").getAttribute("aria-pressed")).toBe("true");
			expect(await page.locator("#active-chart").getAttribute("aria-label")).toContain("last day: now 365");
			expect([await first(), await sort(1), await sort(0)]).toEqual(["Iran (IR)", "descending", null]);
			await tabTo(`[data-table="countries"][data-column="0"]`);
			await page.keyboard.press("Enter");
			expect([await first(), await sort(1), await sort(0)]).toEqual(["Bosnia & Herzegovina (BA)", null, "ascending"]);
			await page.keyboard.press("Space");
			expect([await first(), await sort(0)]).toEqual(["Venezuela (VE)", "descending"]);
			served.push({ ...busyStatus, total: { ...busyStatus.total, active_clients: 366 } });
			await holds(page, `document.title.startsWith("366")`);
			expect(await page.evaluate("document.activeElement.dataset.column")).toBe("0");
			expect(await first()).toBe("Venezuela (VE)");

			await tabTo(`[data-all="asns"]`);
			await page.keyboard.press("Enter");
			expect((await ranking(page, "asns")).length).toBe(18);
			expect(await page.evaluate("document.activeElement.textContent")).toBe("Show fewer");
			expect(faults).toEqual([]);
		});

		test("has times in the viewer's zone, and in UTC before its script runs", async () => {
			const since = "#capture time";
			served.push(busyStatus);
			await using plain = await visit(browser, served.url, { javaScriptEnabled: false, timezoneId: "Asia/Tehran" });
			expect(await textOf(plain.page, since)).toBe("5 Nov 2026, 18:33 UTC");
			expect(await figure(plain.page, "active")).toBe("365");
			expect(await textOf(plain.page, "noscript")).toContain("reload");
			await using visited = await visit(browser, served.url, { timezoneId: "Asia/Tehran", locale: "en-GB" });
			await visited.page.waitForSelector(live);
			expect(await textOf(visited.page, since)).toBe("5 Nov 2026, 22:03");
		});

		test("moves nothing for those who asked for that", async () => {
			for (const [reducedMotion, animation] of [
				["reduce", "none"],
				["no-preference", "beat"],
			] as const) {
				await using visited = await visit(browser, served.url, { reducedMotion });
				await visited.page.waitForSelector(live);
				const name = `getComputedStyle(document.getElementById("connection"), "::before").animationName`;
				expect(await visited.page.evaluate(name)).toBe(animation);
			}
		});

		test("says that the connection is lost when nothing comes any more, and loads another version's page", async () => {
			const own = servePage(busyStatus, busyHistory);
			await using visited = await visit(browser, own.url);
			const { page } = visited;
			// Time is the test's: nothing comes by itself from this exporter.
			await page.clock.install();
			await page.reload();
			await page.waitForSelector(live);
			await page.evaluate("window.isSameDocument = true");
			await page.clock.fastForward(7_000);
			expect(await page.locator("#connection").getAttribute("data-state")).toBe("live");
			await page.clock.fastForward(1_500);
			await page.waitForSelector(`#connection[data-state="lost"]`);
			await page.clock.fastForward(2_500);
			await page.waitForSelector(live);
			expect(await page.evaluate("window.isSameDocument")).toBe(true);
			own.push({ ...busyStatus, version: "1.0.1" });
			await holds(page, `document.documentElement.dataset.version === "1.0.1"`);
			expect(await page.evaluate("window.isSameDocument === undefined")).toBe(true);
			await own.stop();
		}, 30_000);
	});
});
