/**
 * Renews the pictures beside this file: the status page and `top` on the demo's traffic, and the Grafana dashboard's layout.
 *
 *     npm run pictures
 *     bun tests/pictures/run.ts [--seconds=N]
 *
 * Takes five minutes, as the charts' first span is as long. Runs in a network of its own on a host with the name vps1, so that no
 * picture names this machine: needs root, and the programs chromium, tmux and ip.
 */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { runCommand, spawnChild, until } from "../support/process.ts";
import { launchChromium, visit } from "../web/page/browser.ts";
import { layoutPage, type Panel } from "./dashboard-layout.ts";
import { terminalPage } from "./terminal.ts";

const hostName = "vps1";
const exporter = resolve(import.meta.dir, "../../dist/dnstt_exporter");
const url = "http://127.0.0.1:9713/";
const columns = 80;
const lines = 24;

const pictureAt = (name: string) => join(import.meta.dir, name);

/** Runs a command, and returns what it prints. */
async function output(...command: readonly string[]): Promise<string> {
	const { code, stdout, stderr } = await runCommand(command, { env: { TZ: "UTC" } });
	if (code !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
	return stdout;
}

async function takePage(browser: Browser, name: string, options: BrowserContextOptions): Promise<void> {
	await using visited = await visit(browser, url, {
		...options,
		colorScheme: "light",
		locale: "en-GB",
		timezoneId: "UTC",
	});
	const { page, faults } = visited;
	await page.waitForSelector(`#connection[data-state="live"]`);
	await page.waitForSelector("#asns tbody tr, #active-chart:not([data-empty])");
	await page.screenshot({ path: pictureAt(name), animations: "disabled" });
	if (faults.length > 0) throw new Error(`${name}: ${faults.join("\n")}`);
}

/** Takes a picture of one element of a page that is given as a text. */
async function takeElement(browser: Browser, name: string, html: string, selector: string): Promise<void> {
	const page = await browser.newPage({ viewport: { width: 1_100, height: 900 } });
	await page.setContent(html);
	await page.locator(selector).screenshot({ path: pictureAt(name) });
	await page.close();
}

/** What a terminal shows of a command some seconds after keys were typed into it. */
async function screenOf(command: string, keys: string): Promise<string> {
	const tmux = ["tmux", "-L", `pictures-${process.pid}`, "-f", "/dev/null"];
	await output(...tmux, "new-session", "-d", "-x", String(columns), "-y", String(lines), command);
	try {
		await output(...tmux, "set-option", "-g", "status", "off");
		await Bun.sleep(2_000);
		await output(...tmux, "send-keys", keys);
		await Bun.sleep(3_000);
		return await output(...tmux, "capture-pane", "-e", "-p");
	} finally {
		await output(...tmux, "kill-server");
	}
}

async function takeAll(seconds: number): Promise<void> {
	await output("ip", "link", "set", "lo", "up");
	await output("hostname", hostName);
	const demo = spawnChild([exporter, "demo"], { env: { TZ: "UTC" } });
	const browser = await launchChromium();
	try {
		await until(
			() => (demo.stdout().includes("Status page:") ? true : undefined),
			() => demo.stderr(),
		);
		await Bun.sleep(seconds * 1_000);
		await takePage(browser, "page.png", { viewport: { width: 1440, height: 900 } });
		await takePage(browser, "phone.png", { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
		// The networks, which are several.
		const screen = await screenOf(`${exporter} top`, "n");
		await takeElement(browser, "top.png", terminalPage(screen, columns), "pre");
		const dashboard = JSON.parse(await output(exporter, "print", "grafana-dashboard")) as {
			readonly panels: readonly Panel[];
		};
		await takeElement(browser, "dashboard.png", layoutPage(dashboard.panels), "body");
	} finally {
		await browser.close();
		demo.kill("SIGTERM");
		await demo.exited;
	}
}

const { values } = parseArgs({
	options: { seconds: { type: "string", default: "295" }, inside: { type: "boolean", default: false } },
});
if (values.inside) await takeAll(Number(values.seconds));
else {
	const again = [process.execPath, import.meta.path, "--inside", `--seconds=${values.seconds}`];
	const { exited } = Bun.spawn(["unshare", "--net", "--uts", ...again], { stdout: "inherit", stderr: "inherit" });
	process.exitCode = await exited;
}
