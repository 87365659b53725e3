/** Serves what was counted: metrics, the status and its page. */

import { hostname } from "node:os";
import type { Config } from "../config/schema.ts";
import type { Logger } from "../log.ts";
import type { Sources } from "../metrics/sources.ts";
import type { AssessmentOptions } from "../status/assessment.ts";
import { createFeed, type Feed } from "../status/feed.ts";
import { version } from "../version.ts";
import { createApp } from "../web/app.ts";
import { type Certificate, readCertificate } from "../web/certificate.ts";
import { descriptorLimit } from "../web/descriptors.ts";
import type { WebError } from "../web/error.ts";
import { createHostCheck } from "../web/hosts.ts";
import { isLoopback } from "../web/network.ts";
import { dataRoutes, statusRoutes } from "../web/page/routes.ts";
import { type ServerOptions, startServer, type WebServer } from "../web/server.ts";
import { type Authentication, createAuthentication, type Users } from "./authentication.ts";
import type { CaptureSide } from "./capture-side.ts";
import { certificateProblem } from "./certificate-check.ts";
import { createConditionLog } from "./condition-log.ts";
import { createScrape } from "./scrape.ts";
import type { Dependencies } from "./stages.ts";

/** What the web side has to prepare with the rights of the start. */
export interface Credentials {
	readonly certificate: Certificate | undefined;
	readonly authentication: Authentication;
}

/** Reads the certificate and its key, which is often its owner's alone. Throws a WebError. */
export async function prepareCredentials({ tls, basicAuth }: Config["web"]): Promise<Credentials> {
	return {
		certificate: tls === null ? undefined : await readCertificate(tls),
		authentication: await createAuthentication(basicAuth),
	};
}

export interface WebSideOptions {
	readonly web: Config["web"];
	readonly credentials: Credentials;
	readonly activeWindowMs: number;
	readonly sources: Omit<Sources, "certificateNotAfterSeconds">;
	readonly capture: Pick<CaptureSide, "isUp" | "failure" | "state" | "status" | "passTime">;
	/** Tunnels that were recognised elsewhere. */
	readonly discovered: AssessmentOptions["discovered"];
	readonly dependencies: Pick<Dependencies, "log" | "wallUs" | "monotonicUs">;
	/** Collects garbage. */
	collect(): void;
}

export interface WebSide {
	/** Where it serves. */
	readonly url: string;
	/** Takes up a certificate that was replaced. */
	checkCertificate(): Promise<void>;
	/** Lets these users in from now on, and closes the event streams of all viewers: those who may come back do so themselves. */
	replaceUsers(users: Users): void;
	stop(): Promise<void>;
}

/** Binds the port and serves. Throws a WebError if it cannot. */
export async function startWebSide(options: WebSideOptions): Promise<WebSide> {
	const { web, credentials, dependencies } = options;
	const { log } = dependencies;
	const { authentication } = credentials;
	let certificateInUse = () => credentials.certificate;
	const sources: Sources = {
		...options.sources,
		certificateNotAfterSeconds() {
			const inUse = certificateInUse();
			return inUse === undefined ? null : inUse.validToMs / 1_000;
		},
	};
	const feed = startFeed(options, sources, () => certificateInUse());
	const server: WebServer = await startServer({
		listen: web.listen,
		...(web.tls === null ? {} : { tls: web.tls }),
		...(credentials.certificate === undefined ? {} : { certificate: credentials.certificate }),
		handler: createHandler(options, sources, feed, () => server.address),
		...serverEvents(log),
	}).catch((error: unknown) => {
		feed.stop();
		throw error;
	});
	certificateInUse = () => server.certificate;

	return {
		url: server.url,
		async checkCertificate() {
			await server.reloadCertificate();
		},
		replaceUsers(users) {
			authentication.replace(users);
			feed.events.close();
		},
		async stop() {
			feed.stop();
			await server.stop();
		},
	};
}

/** `certificate` returns the one in use. */
function startFeed(
	{ web, capture, discovered, activeWindowMs, dependencies }: WebSideOptions,
	sources: Sources,
	certificate: () => Certificate | undefined,
): Feed {
	const { log } = dependencies;
	return createFeed({
		sources,
		passTime: capture.passTime,
		activeWindowMs,
		host: hostname(),
		captureFailure: () => capture.failure,
		certificateProblem() {
			const inUse = certificate();
			const file = web.tls?.certificateFile ?? "";
			return inUse === undefined ? null : certificateProblem(inUse, file, dependencies.wallUs() / 1_000);
		},
		discovered,
		reports: createConditionLog(log),
		capture: capture.status,
		wallUs: dependencies.wallUs,
		monotonicUs: dependencies.monotonicUs,
		every(work, intervalMs) {
			const timer = setInterval(work, intervalMs);
			return () => clearInterval(timer);
		},
	});
}

/** `address` returns the address that the server listens on. */
function createHandler(
	options: WebSideOptions,
	sources: Sources,
	feed: Feed,
	address: () => string,
): ServerOptions["handler"] {
	const { web, capture, dependencies, collect } = options;
	const { authentication } = options.credentials;
	const { log, monotonicUs } = dependencies;
	const isKnownHost = createHostCheck(
		[hostname(), web.listen.host, ...web.allowedHosts].map((name) => name.toLowerCase()),
	);
	return createApp({
		version,
		telemetryPath: web.telemetryPath,
		render: createScrape({ sources, passTime: capture.passTime, collect, monotonicUs }),
		isReady: () => capture.isUp || `The capture on ${capture.state().interfaceName} is not open.`,
		auth: authentication,
		// A stranger's page in a browser matters on loopback only: other addresses can be reached without a browser. And it has no password.
		isHostServed: (host) => authentication.isRequired || !isLoopback(address()) || isKnownHost(host),
		extraRoutes: web.statusPage ? statusRoutes(feed, web.telemetryPath) : dataRoutes(feed),
		onFault: (path, error) => log.error("request failed", { path, error: String(error) }),
	});
}

/** What happens to the server while it runs, as lines of the log. */
function serverEvents(log: Logger): Required<Pick<ServerOptions, "onCertificate" | "onFlood" | "onPort">> {
	const text = (fault: WebError) => ({ error: fault.message });
	return {
		onCertificate(fault) {
			if (fault === undefined) log.info("certificate reloaded");
			else log.warn("certificate not reloaded, keeping the old one", text(fault));
		},
		onFlood(fault) {
			const closed = "too many connections, closed all of them";
			if (fault === undefined) log.warn(closed, { open_files_limit: descriptorLimit() });
			else log.error(`${closed}, but could not bind the port again`, text(fault));
		},
		onPort(fault) {
			if (fault === undefined) log.info("serving again");
			else log.error("not serving, retrying every second", text(fault));
		},
	};
}
