/** Headless Chromium, Debian's, that may reach one origin only. */
import { readFileSync } from "node:fs";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const executablePath = "/usr/bin/chromium";

/** Whether the browser is there. */
export async function haveChromium(): Promise<boolean> {
	return Bun.file(executablePath).exists();
}

/** Starts the browser: it looks for nothing on the network by itself. */
export function launchChromium(): Promise<Browser> {
	return chromium.launch({
		executablePath,
		args: [
			...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
			...["--disable-component-update", "--disable-sync"],
		],
	});
}

export interface Visit extends AsyncDisposable {
	readonly page: Page;
	readonly context: BrowserContext;
	/** What went wrong in the browser: requests to other hosts, blocked content, script errors, messages on the console. */
	readonly faults: readonly string[];
}

/** Opens a page. Requests to any other origin are refused, and are faults. */
export async function visit(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visit> {
	const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
	const page = await context.newPage();
	const faults: string[] = [];
	const { origin } = new URL(url);
	await context.route("**/*", async (route) => {
		const asked = route.request().url();
		if (new URL(asked).origin === origin) return route.continue();
		faults.push(`a request to ${asked}`);
		return route.abort();
	});
	page.on("pageerror", (error) => faults.push(`an error: ${error.message}`));
	page.on("console", (message) => faults.push(`on the console: ${message.text()}`));
	await page.goto(url, { waitUntil: "load" });
	return { page, context, faults, [Symbol.asyncDispose]: () => context.close() };
}

const axeSource = readFileSync(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");

/** What axe-core finds wrong, a line for each rule: WCAG 2.2 A and AA, and its best practices. */
export async function violations(page: Page): Promise<string[]> {
	// Past the page's own policy, which forbids foreign scripts: the debugger may.
	await page.evaluate(axeSource);
	return page.evaluate(`axe.run(document).then(({ violations }) =>
		violations.map(({ id, help, nodes }) => id + ": " + help + " " + nodes.map(({ html }) => html).join(" ").slice(0, 300)))`);
}
