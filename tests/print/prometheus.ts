/** A real Prometheus for the tests: started with a configuration, asked for values, ended with the scope. */
import type { Namespace } from "../support/netns.ts";
import { type Child, spawnChild, until } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** One series of an answer. */
export interface Series {
	readonly labels: Readonly<Record<string, string>>;
	readonly value: number;
}

export interface Prometheus extends AsyncDisposable {
	/** The instant vector of an expression at a moment (seconds since 1970); now if left out. Throws on an expression that it refuses. */
	query(expr: string, timeSeconds?: number): Promise<Series[]>;
	/** Asks until the expression has a series whose value is accepted; gives the first. */
	when(expr: string, holds: (value: number) => boolean, limitMs?: number): Promise<Series>;
}

interface Answer {
	readonly status: string;
	readonly error?: string;
	readonly data: {
		readonly result: readonly {
			readonly metric: Record<string, string>;
			readonly value: readonly [number, string];
		}[];
	};
}

export interface PrometheusOptions {
	/** The configuration's file, in a folder that holds what it names. */
	readonly configFile: string;
	readonly namespace?: Namespace;
	/** Where it listens on 127.0.0.1; a port that is free here if left out. */
	readonly port?: number;
	/** In front of the command: a command that ends by starting what stands behind it. */
	readonly wrapper?: readonly string[];
}

function freePort(): number {
	const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
	listener.stop(true);
	return listener.port;
}

/** Starts Prometheus and waits until it is ready. */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
	const { configFile, namespace, port = freePort(), wrapper = [] } = options;
	const folder = temporaryFolder();
	const words = [
		...[...wrapper, "prometheus", `--config.file=${configFile}`, `--storage.tsdb.path=${folder.path}`],
		...[`--web.listen-address=127.0.0.1:${port}`, "--log.level=warn"],
	];
	const child: Child = namespace === undefined ? spawnChild(words) : namespace.spawn(words);
	const url = `http://127.0.0.1:${port}`;
	const get = (path: string) => (namespace === undefined ? fetch(`${url}${path}`) : namespace.fetch(`${url}${path}`));

	async function ask(query: string, timeSeconds?: number): Promise<Answer["data"]["result"]> {
		const parameters = new URLSearchParams({ query });
		if (timeSeconds !== undefined) parameters.set("time", timeSeconds.toFixed(3));
		const answer = (await (await get(`/api/v1/query?${parameters}`)).json()) as Answer;
		if (answer.status !== "success") throw new Error(`${query}: ${answer.error}`);
		return answer.data.result;
	}

	const prometheus: Prometheus = {
		async query(expr, timeSeconds) {
			const result = await ask(expr, timeSeconds);
			return result.map(({ metric: { __name__, ...labels }, value }) => ({ labels, value: Number(value[1]) }));
		},
		when(expr, holds, limitMs) {
			return until(
				async () => (await prometheus.query(expr)).find(({ value }) => holds(value)),
				() => `${expr}; Prometheus: ${child.stderr()}`,
				limitMs,
			);
		},
		async [Symbol.asyncDispose]() {
			child.kill("SIGKILL");
			await child.exited;
			folder[Symbol.dispose]();
		},
	};
	try {
		await until(
			async () => {
				if (child.exitCode() !== null) throw new Error(`prometheus ended: ${child.stderr()}`);
				return (await get("/-/ready").catch(() => undefined))?.status === 200 ? true : undefined;
			},
			() => `prometheus is not ready: ${child.stderr()}`,
			20_000,
		);
	} catch (error) {
		await prometheus[Symbol.asyncDispose]();
		throw error;
	}
	return prometheus;
}
