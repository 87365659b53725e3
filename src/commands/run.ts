import { openLive } from "../capture/live.ts";
import { type Config, ConfigError } from "../config.ts";
import { type Exporter, startExporter, type World } from "../exporter.ts";

/**
 * Runs the exporter until SIGTERM or SIGINT; SIGHUP reloads with what `load` gives. Gives the exit code; what keeps the
 * exporter from starting is thrown.
 */
export async function run(config: Config, load: () => Config, world: World): Promise<number> {
	const { log } = world;
	const exporter = await startExporter(config, world, openLive);
	log.info("serving", { url: exporter.url, telemetry_path: config.web.telemetryPath });
	process.on("SIGHUP", () => void reload(exporter, load, world));
	const signal = await stopSignal();
	log.info("stopping", { signal });
	await exporter.stop();
	return 0;
}

/** The first SIGTERM or SIGINT. */
export function stopSignal(): Promise<string> {
	return new Promise((resolve) => {
		process.on("SIGTERM", resolve);
		process.on("SIGINT", resolve);
	});
}

async function reload(exporter: Exporter, load: () => Config, world: World): Promise<void> {
	try {
		await exporter.reload(load());
	} catch (error) {
		if (!(error instanceof ConfigError)) throw error;
		exporter.reloadFailed();
		for (const problem of error.problems) world.log.error("configuration not reloaded, the old one stays", { problem });
	}
}
