/**
 * Leveled log, one line a message, as logfmt or JSON.
 *
 * Privacy: a log line never holds an address or a client id. Callers pass counts, names of interfaces, files, keys and faults;
 * nothing that was read from a packet.
 */

const severities = { debug: 0, info: 1, warn: 2, error: 3 } as const;

export type LogLevel = keyof typeof severities;
export type LogFormat = "logfmt" | "json";
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

type Say = (message: string, fields?: LogFields) => void;

export interface Logger {
	readonly debug: Say;
	readonly info: Say;
	readonly warn: Say;
	readonly error: Say;
	/** Least severe level that is written; may be set at any time. */
	level: LogLevel;
	/** May be set at any time. */
	format: LogFormat;
}

/** Writes a value without quotes if no character in it ends a value or a line in logfmt, otherwise as a JSON string, which go-logfmt reads too. */
function logfmtValue(value: string): string {
	return /^[^\s"=\\\p{C}]+$/u.test(value) ? value : jsonOf(value);
}

/** JSON leaves DEL, C1 controls, line separators and direction marks as they are; a terminal or reader would act on them. */
function jsonOf(value: unknown): string {
	return JSON.stringify(value).replace(/\p{C}|[\u2028\u2029]/gu, (character) =>
		[...Array(character.length).keys()]
			.map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`)
			.join(""),
	);
}

/** Keys come from the program itself; a character that would still break the line becomes an underscore. */
function logfmtKey(key: string): string {
	return key.replace(/[^A-Za-z0-9_.-]/g, "_") || "_";
}

/**
 * Makes a logger. `write` gets each line with its line feed; `now` returns milliseconds since the epoch.
 * Lines hold ts (RFC 3339, UTC, milliseconds), level, msg, then the fields in their order; undefined fields are left out.
 */
export function createLogger(options: {
	readonly level: LogLevel;
	readonly format: LogFormat;
	readonly write: (line: string) => void;
	readonly now: () => number;
}): Logger {
	const say =
		(level: LogLevel): Say =>
		(message, fields = {}) => {
			if (severities[level] < severities[logger.level]) return;
			const ts = new Date(options.now()).toISOString();
			const present = Object.entries(fields).filter(([, value]) => value !== undefined);
			if (logger.format === "json") {
				const own = { ts, level, msg: message };
				// A field cannot pass itself off as the line's own.
				const extra = present.map(([key, value]) => [Object.hasOwn(own, key) ? `${key}_` : key, value]);
				options.write(`${jsonOf({ ...own, ...Object.fromEntries(extra) })}\n`);
				return;
			}
			// The message is always quoted, as people grep for msg="...
			const quoted = logfmtValue(message);
			const parts = [`ts=${ts}`, `level=${level}`, `msg=${quoted.startsWith('"') ? quoted : `"${quoted}"`}`];
			for (const [key, value] of present) {
				const name = logfmtKey(key);
				parts.push(`${/^(ts|level|msg)$/.test(name) ? `${name}_` : name}=${logfmtValue(String(value))}`);
			}
			options.write(`${parts.join(" ")}\n`);
		};
	const logger: Logger = {
		level: options.level,
		format: options.format,
		debug: say("debug"),
		info: say("info"),
		warn: say("warn"),
		error: say("error"),
	};
	return logger;
}
