/**
 * JSON (RFC 8259) with positions: JavaScriptCore's JSON.parse names no line, and keeps the last of two equal keys in silence.
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export type JsonPath = readonly (string | number)[];

/** The file is not JSON. The message starts with `line:column: `. */
export class JsonSyntaxError extends Error {}

export interface JsonDocument {
	/** Objects have no prototype, so that no key means more than itself. */
	readonly value: Json;
	/** Keys that stand twice in one object, each with `line:column: ` in front. The first value is kept. */
	readonly duplicates: readonly string[];
	/** `line:column` of the value at a path (of an object's member: of its key), or undefined. Both count from 1. */
	readonly position: (path: JsonPath) => string | undefined;
}

/** Deeper than any configuration, shallower than the stack. */
const depthMax = 64;

/** Reads a whole JSON text; a byte order mark in front is passed over. Throws JsonSyntaxError. */
export function readJson(text: string): JsonDocument {
	let at = text.startsWith("\ufeff") ? 1 : 0;
	const positions = new Map<string, number>();
	const duplicates: string[] = [];

	function lineColumn(offset: number): string {
		const before = text
			.slice(0, offset)
			.replace(/^\ufeff/, "")
			.split(/\r\n|\n|\r/);
		return `${before.length}:${[...(before.at(-1) ?? "")].length + 1}`;
	}
	function refuse(expected: string): never {
		const found =
			at >= text.length ? "the end of the file" : JSON.stringify(String.fromCodePoint(text.codePointAt(at) ?? 0));
		throw new JsonSyntaxError(`${lineColumn(at)}: expected ${expected}, found ${found}`);
	}
	function skipSpace(): void {
		while (at < text.length && " \t\r\n".includes(text.charAt(at))) at++;
	}
	function match(pattern: RegExp): string | undefined {
		pattern.lastIndex = at;
		return pattern.exec(text)?.[0];
	}
	function readString(): string {
		// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 8259, section 7, refuses them unescaped.
		const begun = match(/"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y) ?? "";
		at += begun.length;
		if (begun !== "" && text.charAt(at) === '"') {
			at++;
			return JSON.parse(`${begun}"`) as string;
		}
		return refuse(text.charAt(at) === "\\" ? "an escape that JSON knows" : "the quote that ends the string");
	}
	function readObject(path: JsonPath, unnoted: boolean): Json {
		const object: { [key: string]: Json } = Object.create(null);
		at++;
		skipSpace();
		if (text.charAt(at) === "}") {
			at++;
			return object;
		}
		for (;;) {
			if (text.charAt(at) !== '"') refuse("a key in double quotes");
			const keyAt = at;
			const key = readString();
			skipSpace();
			if (text.charAt(at) !== ":") refuse('":" behind the key');
			at++;
			const twice = Object.hasOwn(object, key);
			const value = readValue([...path, key], unnoted || twice);
			if (twice) {
				duplicates.push(`${lineColumn(keyAt)}: ${[...path, key].join(".")} is there twice; remove one`);
			} else {
				object[key] = value;
				if (!unnoted) positions.set(JSON.stringify([...path, key]), keyAt);
			}
			skipSpace();
			if (text.charAt(at) === "}") break;
			if (text.charAt(at) !== ",") refuse('"," or "}"');
			at++;
			skipSpace();
			if (text.charAt(at) === "}") refuse('a key in double quotes behind the last ","');
		}
		at++;
		return object;
	}
	function readArray(path: JsonPath, unnoted: boolean): Json {
		const array: Json[] = [];
		at++;
		skipSpace();
		if (text.charAt(at) === "]") {
			at++;
			return array;
		}
		for (;;) {
			array.push(readValue([...path, array.length], unnoted));
			skipSpace();
			if (text.charAt(at) === "]") break;
			if (text.charAt(at) !== ",") refuse('"," or "]"');
			at++;
		}
		at++;
		return array;
	}
	/** `unnoted` leaves the positions of an earlier value at the same path alone. */
	function readValue(path: JsonPath, unnoted: boolean): Json {
		skipSpace();
		const name = JSON.stringify(path);
		if (!unnoted && !positions.has(name)) positions.set(name, at);
		const first = text.charAt(at);
		if (first === '"') return readString();
		if ((first === "{" || first === "[") && path.length >= depthMax) refuse(`at most ${depthMax} levels`);
		if (first === "{") return readObject(path, unnoted);
		if (first === "[") return readArray(path, unnoted);
		const literal = match(/(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])/y);
		if (literal === undefined) return refuse("a value");
		at += literal.length;
		return JSON.parse(literal) as Json;
	}

	const value = readValue([], false);
	skipSpace();
	if (at < text.length) refuse("the end of the file");
	return {
		value,
		duplicates,
		position(path) {
			const offset = positions.get(JSON.stringify(path));
			return offset === undefined ? undefined : lineColumn(offset);
		},
	};
}
