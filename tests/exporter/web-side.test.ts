import { afterAll, expect, test } from "bun:test";
import { prepareCredentials, startWebSide } from "../../src/exporter/web-side.ts";
import type { Status } from "../../src/status/status.ts";
import { WebError } from "../../src/web/error.ts";
import { observedDomains, Traffic } from "../metrics/traffic.ts";
import { configOf, createDependencies } from "../support/observed.ts";
import { makeCertificate, makeExpiredCertificate, makeFolder } from "../web/certificates.ts";

const { folder, remove } = makeFolder();
afterAll(remove);

/** A web side over a tracker and a capture of the test's. */
async function start(flags: Readonly<Record<string, string>> = {}) {
	const config = configOf({ "web.listen-address": "127.0.0.1:0", ...flags });
	const dependencies = createDependencies(() => Date.now() * 1_000);
	const { sources, send } = await observedDomains();
	const capture = {
		isUp: true,
		failure: null,
		passed: 0,
		state: () => ({ interfaceName: "eth0", up: capture.isUp, counts: new Map() }),
		status: () => ({ ports: [53], sinceUs: 1e15 }),
		passTime: () => void capture.passed++,
	};
	const side = await startWebSide({
		web: config.web,
		credentials: await prepareCredentials(config.web),
		activeWindowMs: config.session.activeWindowMs,
		sources: { ...sources, capture: capture.state },
		capture,
		discovered: () => [],
		dependencies,
		collect() {},
	});
	const get = (path: string) => fetch(new URL(path, side.url), { tls: { rejectUnauthorized: false } });
	return { side, capture, send, get, logged: dependencies.logged, [Symbol.asyncDispose]: () => side.stop() };
}

test("a scrape lets time pass and has what the tracker counted", async () => {
	await using running = await start();
	running.send(new Traffic().exchange(1, "192.0.2.1").records);
	const before = running.capture.passed;
	expect(await (await running.get("/metrics")).text()).toContain('dnstt_queries_total{domain="t.example.com"');
	expect(running.capture.passed).toBe(before + 1);
});

test("it is ready while the capture is open, and names the interface otherwise", async () => {
	await using running = await start();
	expect((await running.get("/-/ready")).status).toBe(200);
	running.capture.isUp = false;
	expect(await (await running.get("/-/ready")).text()).toBe("Not ready: The capture on eth0 is not open.\n");
});

test("the status has the ports and the time that the capture reports", async () => {
	await using running = await start();
	const status = (await (await running.get("/status.json")).json()) as { capture: unknown };
	expect(status.capture).toMatchObject({
		interface: "eth0",
		ports: [53],
		since: expect.stringMatching(/^2001-09-09T01:46:40/),
	});
});

test("without the status page its data is served still", async () => {
	await using running = await start({ "web.status-page": "false" });
	expect((await running.get("/status.json")).status).toBe(200);
	expect(await (await running.get("/")).text()).not.toContain("<script");
});

test("a port in use is a WebError", async () => {
	await using running = await start();
	const { host } = new URL(running.side.url);
	await expect(start({ "web.listen-address": host })).rejects.toBeInstanceOf(WebError);
});

test("a certificate is checked when it is first served, and again when it was replaced", async () => {
	const { certificateFile, keyFile } = await makeExpiredCertificate(folder, "one");
	await using running = await start({ "web.tls.certificate-file": certificateFile, "web.tls.key-file": keyFile });
	const problem = async () => {
		// An answer serves all requests of a second.
		await Bun.sleep(1_100);
		const { conditions } = (await (await running.get("/status.json")).json()) as Status;
		return conditions.find(({ id }) => id === "certificate")?.sentence;
	};
	expect(await problem()).toMatch(/one\.crt is valid up to .* clients refuse it after/);
	// The same files, with a certificate that ends in two days.
	await makeCertificate(folder, "one");
	await running.side.checkCertificate();
	expect(await problem()).toMatch(/one\.crt is valid up to /);
	expect(running.logged.filter((line) => line.includes('"condition began" condition=certificate'))).toHaveLength(2);
	expect(running.logged.filter((line) => line.includes('msg="certificate reloaded"'))).toHaveLength(1);
});
