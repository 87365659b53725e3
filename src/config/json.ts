/** JSON (RFC 8259) with positions: JSON.parse reports no line, and silently keeps the last of two equal keys. */

import {
	createScanner,
	findNodeAtLocation,
	getNodePath,
	type Node,
	type ParseError,
	parseTree,
	printParseErrorCode,
} from "jsonc-parser";
import { ConfigError } from "./error.ts";

export type JsonPath = readonly (string | number)[];

export interface JsonDocument {
	readonly value: unknown;
	/** `line:column` of the value at a path (of an object's member: of its key), or undefined. Both count from 1. */
	readonly position: (path: JsonPath) => string | undefined;
}

/** Deeper than any configuration, shallower than the stack: the parser calls itself for each level. */
const depthMax = 64;

/** What JSON expects instead, by jsonc-parser's name of the error. Errors not in this table are tokens that JSON does not have. */
const expectations: Readonly<Record<string, string>> = {
	PropertyNameExpected: "a key in double quotes",
	ValueExpected: "a value",
	ColonExpected: '":" after the key',
	CommaExpected: '"," after the value',
	CloseBraceExpected: '"," or "}"',
	CloseBracketExpected: '"," or "]"',
	EndOfFileExpected: "the end of the file",
	UnexpectedEndOfString: "the quote that ends the string",
	UnexpectedEndOfNumber: "a digit",
	InvalidUnicode: "four hexadecimal digits after \\u",
	InvalidEscapeCharacter: "an escape that JSON knows",
	InvalidCharacter: "no control character",
};

function describe(text: string, { error, offset, length }: ParseError): string {
	if (text.trim() === "") return "the file is empty";
	const name = printParseErrorCode(error);
	if (name === "InvalidCommentToken") return "comments are not allowed";
	const token = text.slice(offset, offset + Math.min(length, 40));
	const expected = expectations[name];
	if (expected === undefined || token === ",") {
		return `unexpected ${JSON.stringify(token)}${/^[\w']/.test(token) ? "; keys and strings must be in double quotes" : ""}`;
	}
	return `expected ${expected}, found ${token === "" ? "the end of the file" : JSON.stringify(token)}`;
}

/** Returns the offset at which the nesting exceeds `depthMax`, or undefined. */
function tooDeepAt(text: string): number | undefined {
	const scanner = createScanner(text, true);
	let depth = 0;
	for (scanner.scan(); scanner.getTokenOffset() < text.length; scanner.scan()) {
		const first = text.charAt(scanner.getTokenOffset());
		if (first === "{" || first === "[") depth++;
		else if (first === "}" || first === "]") depth--;
		if (depth > depthMax) return scanner.getTokenOffset();
	}
	return undefined;
}

/** Finds values whose key occurs earlier in the same object. */
function duplicates(node: Node): Node[] {
	const keys = new Set<unknown>();
	return (node.children ?? []).flatMap((child) => {
		const [key, value] = child.type === "property" ? (child.children ?? []) : [];
		const isAgain = keys.has(key?.value);
		if (key !== undefined) keys.add(key.value);
		return [...(isAgain && value !== undefined ? [value] : []), ...duplicates(child)];
	});
}

/**
 * Reads a whole JSON text; a byte order mark at its start is ignored. Throws ConfigError where it is not JSON or has a key
 * twice; each problem starts with `line:column: `.
 */
export function readJson(file: string): JsonDocument {
	const text = file.replace(/^\ufeff/, "");
	const lineColumn = (offset: number) => {
		const lines = text.slice(0, offset).split(/\r\n|\n|\r/);
		return `${lines.length}:${[...(lines.at(-1) ?? "")].length + 1}`;
	};
	const start = (node: Node) => lineColumn(node.parent?.type === "property" ? node.parent.offset : node.offset);
	const tooDeep = tooDeepAt(text);
	if (tooDeep !== undefined) throw new ConfigError([`${lineColumn(tooDeep)}: expected at most ${depthMax} levels`]);
	const errors: ParseError[] = [];
	const root = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false });
	const [error] = errors;
	if (error !== undefined || root === undefined) {
		const problem =
			error === undefined ? "1:1: must be JSON" : `${lineColumn(error.offset)}: must be JSON: ${describe(text, error)}`;
		throw new ConfigError([problem]);
	}
	const again = duplicates(root);
	if (again.length > 0) {
		throw new ConfigError(
			again.map((node) => `${start(node)}: ${getNodePath(node).join(".")} occurs twice; remove one`),
		);
	}
	return {
		value: JSON.parse(text),
		position(path) {
			const node = findNodeAtLocation(root, [...path]);
			return node === undefined ? undefined : start(node);
		},
	};
}
