import { describe, expect, test } from "bun:test";
import { createLogger, type LogFields, type LogFormat, type LogLevel } from "../src/log.ts";

function logger(format: LogFormat, level: LogLevel = "info") {
	const lines: string[] = [];
	return {
		lines,
		log: createLogger({ level, format, write: (line) => lines.push(line), now: () => 1_767_225_600_007 }),
	};
}

function logfmt(message: string, fields?: LogFields): string {
	const { lines, log } = logger("logfmt");
	log.info(message, fields);
	return lines.join("");
}

const head = "ts=2026-01-01T00:00:00.007Z level=info";

describe("logfmt", () => {
	test.each([
		["a message is always quoted", "started", undefined, 'msg="started"'],
		[
			"bare values stay bare",
			"x",
			{ port: 53, up: true, none: null, path: "/metrics" },
			'msg="x" port=53 up=true none=null path=/metrics',
		],
		["an undefined field is left out", "x", { a: undefined, b: 1 }, 'msg="x" b=1'],
		["spaces are quoted", "two words", { a: "b c" }, 'msg="two words" a="b c"'],
		["an empty value is quoted", "x", { a: "" }, 'msg="x" a=""'],
		["= is quoted", "x", { a: "b=c" }, 'msg="x" a="b=c"'],
		["quotes and backslashes are escaped", "x", { a: '"\\' }, 'msg="x" a="\\"\\\\"'],
		["a line feed cannot start a line", "a\nlevel=error", { b: "c\r\n" }, 'msg="a\\nlevel=error" b="c\\r\\n"'],
		[
			"control characters cannot reach a terminal",
			"x",
			{ a: "\u001b[2J\u009b\u202e" },
			'msg="x" a="\\u001b[2J\\u009b\\u202e"',
		],
		["line separators are escaped", "x", { a: "\u2028" }, 'msg="x" a="\\u2028"'],
		["letters of any script stay", "x", { a: "bücher" }, 'msg="x" a=bücher'],
		["a key cannot break the line", "x", { "a b=\n": 1 }, 'msg="x" a_b__=1'],
		["a field cannot pass for the level", "x", { level: "debug" }, 'msg="x" level_=debug'],
	] as [string, string, LogFields | undefined, string][])("%s", (_title, message, fields, text) => {
		expect(logfmt(message, fields)).toBe(`${head} ${text}\n`);
	});
});

describe("json", () => {
	test("one object a line, in order, and nothing in it ends the line", () => {
		const { lines, log } = logger("json");
		log.warn("a\nb", { port: 53, msg: "c", none: undefined });
		expect(lines).toEqual(['{"ts":"2026-01-01T00:00:00.007Z","level":"warn","msg":"a\\nb","port":53,"msg_":"c"}\n']);
	});

	test("what a terminal would act on is escaped, in messages, keys and values, and reads as it was given", () => {
		const { lines, log } = logger("json");
		const bent = "\u001b\u007f\u009b\u202e\u2028\u{e0001}";
		log.warn(bent, { [bent]: bent, plain: "bücher" });
		const [line = ""] = lines;
		expect(line.trimEnd()).not.toMatch(/\p{C}|[\u2028\u2029]/u);
		expect(line).toContain('"plain":"bücher"');
		expect(JSON.parse(line)).toMatchObject({ msg: bent, [bent]: bent });
	});
});

describe("level and format", () => {
	const levels = ["debug", "info", "warn", "error"] as const;
	test.each(levels.map((level, index) => [level, levels.slice(index)] as const))(
		"%s writes itself and what is graver",
		(level, written) => {
			const { lines, log } = logger("json", level);
			for (const each of levels) log[each]("x");
			expect(lines.map((line) => JSON.parse(line).level)).toEqual([...written]);
		},
	);

	test("both may be changed at any time", () => {
		const { lines, log } = logger("logfmt", "error");
		log.info("hidden");
		log.level = "debug";
		log.format = "json";
		log.debug("shown");
		expect(lines).toHaveLength(1);
		expect(JSON.parse(lines[0] ?? "")).toMatchObject({ level: "debug", msg: "shown" });
	});
});
