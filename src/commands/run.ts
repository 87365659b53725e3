import { openLive } from "../capture/live.ts";
import { CaptureError } from "../capture/source.ts";
import type { LoadedConfig } from "../config/config.ts";
import { ConfigError } from "../config/error.ts";
import type { Config } from "../config/schema.ts";
import { EngineError } from "../engine/error.ts";
import { createPlacelessEngine } from "../engine/placeless.ts";
import { type Exporter, startExporter } from "../exporter/exporter.ts";
import type { Dependencies } from "../exporter/stages.ts";
import { loadCap } from "../native/addon.ts";
import { refuseUnsafeEnvironment } from "../process/environment.ts";
import { changeableByOthers, unreadableFiles } from "../process/files.ts";
import { createService } from "../process/notify.ts";
import { identityOf, limitPrivileges, type PrivilegeLimits } from "../process/privileges.ts";
import { isInterpreted } from "../process/resources.ts";
import { stopSignal } from "../process/stop.ts";
import { requireDescriptors } from "../web/descriptors.ts";
import { isUnspecified } from "../web/network.ts";
import { domainProblems, listenProblems } from "./setup.ts";
import { recordedTunnel, warmUp } from "./warm-up.ts";

/** By then clients that waited for the start have their first answer. */
const startedDelayMs = 100;

/** After the first check of files (10 s), the last thing that the exporter does for the first time: it would fetch pages back. */
const releaseDelayMs = 11_000;

/**
 * Runs the exporter until SIGTERM or SIGINT; SIGHUP reloads the configuration that `load` returns. Returns the exit code;
 * throws if the exporter cannot start.
 */
export async function run(
	{ config, file }: LoadedConfig,
	load: () => Config,
	dependencies: Dependencies,
): Promise<number> {
	const { log } = dependencies;
	// Before the start, which takes a while with large databases: a signal must not kill the process meanwhile.
	const started = Promise.withResolvers<Exporter>();
	process.on("SIGHUP", () => void started.promise.then((exporter) => reload(exporter, load, dependencies, reports)));
	const stopped = stopSignal();
	refuseUnsafeEnvironment(process.env);
	requireDescriptors();
	for (const problem of changeableByOthers(file))
		log.warn("others can change the configuration", { problem, remedy: "chown root, chmod go-w" });
	const identity = identityOf(config.process.user);
	const service = createService({
		env: process.env,
		pid: process.pid,
		onFault: (message) => log.warn("service manager not notified", { error: message }),
	});
	let capture = "";
	let serving = "";
	/** The service's status in one line. */
	const state = () => `${capture}${serving}`;
	const reports: ReloadService = {
		reloading: service.reloading,
		reloaded: (outcome) => service.ready(`${state()}; ${outcome}`),
	};
	const exporter = await startExporter(config, dependencies, openLive, {
		captureReady: () => dropPrivileges({ identity, port: config.web.listen.port }, dependencies),
		captureChanged(isUp, interfaceName) {
			capture = `${isUp ? "capturing on" : "waiting to reopen the capture on"} ${interfaceName}`;
			service.status(state());
		},
	});
	serving = `, serving ${exporter.url}`;
	started.resolve(exporter);
	log.info("serving", {
		url: exporter.url,
		...(isUnspecified(config.web.listen.host) ? { addresses: "all" } : {}),
		telemetry_path: config.web.telemetryPath,
	});
	warnOfSetup(config, dependencies);
	service.ready(state());
	const afterStart = setTimeout(() => {
		// What runs from now on runs often: it is compiled as in any program, unlike the start (build/bundle.ts).
		Bun.unsafe.setJITPolicy(1);
		void prepareForFlood(exporter, dependencies);
		for (const problem of unreadableFiles(config, load))
			log.warn("a file cannot be read again when it is replaced", { problem });
	}, startedDelayMs);
	// A third of the resident memory: the start touches most of the executable, and running hardly any of it.
	const releasing = setTimeout(() => loadCap().releaseProgramPages(), releaseDelayMs);
	const pinging =
		service.watchdogPingMs === null
			? undefined
			: setInterval(() => exporter.isAlive() && service.pingWatchdog(), service.watchdogPingMs);
	const signal = await stopped;
	log.info("stopping", { signal });
	service.stopping();
	clearTimeout(afterStart);
	clearTimeout(releasing);
	clearInterval(pinging);
	await exporter.stop();
	return 0;
}

/** It runs on without: some of the first frames of a flood are lost then. */
async function prepareForFlood(exporter: Exporter, { log, seed }: Dependencies): Promise<void> {
	if (isInterpreted()) return;
	try {
		await warmUp(createPlacelessEngine([recordedTunnel], seed), exporter.lookUp);
	} catch (error) {
		if (!(error instanceof EngineError)) throw error;
		log.debug("not prepared for a flood", { error: error.message });
	}
}

/** Logs settings of the host and of the configuration that an operator would rather change. */
function warnOfSetup(config: Config, { log }: Dependencies): void {
	if (isInterpreted())
		log.warn(
			"the runtime is not allowed to compile: WebAssembly is interpreted, and each packet costs 25 times as much",
			{
				remedy:
					"take MemoryDenyWriteExecute=yes or LimitAS= out of the service, or allow what else forbids memory that is written and executed (SELinux's execmem)",
			},
		);
	for (const { problem, remedy } of [...domainProblems(config), ...listenProblems(config.web)])
		log.warn(problem, { remedy });
}

/** Keeps the privileges that reopening the capture needs. */
function dropPrivileges(limits: PrivilegeLimits, { log }: Dependencies): void {
	const refused = limitPrivileges(limits);
	for (const problem of refused) log.warn("could not drop all privileges", { problem });
	if (limits.identity !== null && refused.length === 0) log.info("privileges dropped", { user: limits.identity.user });
}

/** Reports a reload to the service manager. */
interface ReloadService {
	reloading(): void;
	reloaded(outcome: string): void;
}

async function reload(
	exporter: Exporter,
	load: () => Config,
	dependencies: Dependencies,
	reports: ReloadService,
): Promise<void> {
	reports.reloading();
	try {
		await exporter.reload(load());
		reports.reloaded("configuration reloaded");
	} catch (error) {
		if (!(error instanceof ConfigError || error instanceof CaptureError)) throw error;
		exporter.reloadFailed();
		const problems = error instanceof ConfigError ? error.problems : [error.message];
		for (const problem of problems)
			dependencies.log.error("configuration not reloaded, keeping the old one", { problem });
		reports.reloaded("configuration not reloaded, keeping the old one: see the log");
	}
}
