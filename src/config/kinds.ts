/**
 * Kinds of values: which values each accepts and how they are written in the file, on the command line and in messages. Both
 * configuration keys and the commands' own flags use them.
 */

import * as z from "zod";
import {
	durationPattern,
	listenPattern,
	type Read,
	readDomain,
	readDuration,
	readListenAddress,
	readSize,
	readTime,
	sizePattern,
	timePattern,
	writeDuration,
	writeListenAddress,
	writeSize,
} from "./values.ts";

/** How the text of a flag or variable becomes the value that the file would hold. */
export type TextForm = "text" | "boolean" | "integer" | "texts" | "integers" | "accounts";

export interface Kind<T> {
	/** Reads the form that the file holds into program units (ms, bytes, lists), and encodes it back. */
	readonly schema: z.ZodType<T>;
	/** Completes "expected ...". */
	readonly expected: string;
	/** The same of one element of a list, or of one user's value. */
	readonly expectedInner?: string;
	/** The same of a user's name. */
	readonly expectedName?: string;
	/** Values by name of an object that may stand for one element of a list. */
	readonly fields?: Readonly<Record<string, Kind<unknown>>>;
	/** What stands for the value in help text; empty for a boolean. */
	readonly placeholder: string;
	readonly form: TextForm;
	/** The only values it takes. */
	readonly choices?: readonly string[];
}

/** Makes a codec from a reader, whose fault becomes the issue's message, and a writer. */
function codec<In extends z.ZodType, T>(
	written: In,
	read: (input: z.output<In>) => Read<T>,
	write: (value: T) => z.output<In>,
): z.ZodType<T> {
	return z.codec(written, z.custom<T>(), {
		decode(input, payload) {
			const result = read(input);
			if ("value" in result) return result.value;
			payload.issues.push({ code: "custom", message: result.fault, input });
			return z.NEVER;
		},
		encode: write,
	});
}

function within(min: number, max: number, result: Read<number>): Read<number> {
	if ("value" in result && (result.value < min || result.value > max)) return { fault: "out of range" };
	return result;
}

/** A value that is written as one text. */
export function text<T>(expected: string, placeholder: string, schema: z.ZodType<T>): Kind<T> {
	return { schema, expected, placeholder, form: "text" };
}

export const boolean: Kind<boolean> = {
	schema: z.boolean(),
	expected: "true or false",
	placeholder: "",
	form: "boolean",
};

export function integer(min: number, max: number): Kind<number> {
	return {
		schema: z.int().min(min).max(max),
		expected: `a whole number from ${min} to ${max}`,
		placeholder: "N",
		form: "integer",
	};
}

export function choice<const Choice extends string>(choices: readonly Choice[]): Kind<Choice> {
	return {
		schema: z.enum(choices),
		expected: `one of ${choices.join(", ")}`,
		placeholder: choices.join("|"),
		form: "text",
		choices,
	};
}

export const file = text(
	"the path of a file",
	"FILE",
	z
		.string()
		.min(1)
		.max(4096)
		.regex(/^[^\0]+$/),
);

/** In milliseconds. */
export function duration(minMs: number, maxMs: number, example: string): Kind<number> {
	const expected = `a duration from ${writeDuration(minMs)} to ${writeDuration(maxMs)} such as ${example}`;
	const read = (written: string) => within(minMs, maxMs, readDuration(written));
	return text(expected, "DURATION", codec(z.string().regex(durationPattern), read, writeDuration));
}

/** In bytes. */
export function size(minBytes: number, maxBytes: number, example: string): Kind<number> {
	const expected = `a size from ${writeSize(minBytes)} to ${writeSize(maxBytes)} such as ${example}`;
	const written = z.union([z.int().min(minBytes).max(maxBytes), z.string().regex(sizePattern)]);
	return text(
		expected,
		"SIZE",
		codec(written, (value) => within(minBytes, maxBytes, readSize(value)), writeSize),
	);
}

/** In milliseconds since the epoch. */
export const time = text(
	"a time such as 2026-05-27T09:00:00Z (RFC 3339)",
	"TIME",
	codec(z.string().regex(timePattern), readTime, (timeMs) => new Date(timeMs).toISOString()),
);

/** Canonical: lower case, no trailing dot, punycode. */
export const domain = text(
	"a domain name such as t.example.com",
	"DOMAIN",
	codec(z.string().max(1024), readDomain, (name) => name),
);

/** An empty host is every address of the machine. */
export const listenAddress = text(
	"HOST:PORT, :PORT or [IPV6]:PORT",
	"HOST:PORT",
	codec(z.string().regex(listenPattern), readListenAddress, writeListenAddress),
);

export const port: Kind<number> = {
	...integer(1, 65535),
	expected: "a port number from 1 to 65535",
	placeholder: "PORT",
};

/** The message of the issue with a value that occurs earlier in its list. */
const givenTwice = "given twice";

/** A name, and values of its own by the names of their kinds; what it lacks is undefined. */
export interface Named<Value> {
	readonly name: string;
	readonly own: { readonly [Name in keyof Value]?: Value[Name] | undefined };
}

/** A name; in a file also an object with the name, as `name`, and some values of its own. */
export function withOwnValues<Value extends object>(
	name: Kind<string>,
	values: { readonly [Name in keyof Value]: Kind<Value[Name]> },
): Kind<Named<Value>> {
	const kinds: Readonly<Record<string, Kind<unknown>>> = { ...values };
	const optional = Object.entries(kinds).map(([own, { schema }]) => [own, schema.optional()] as const);
	const object = z.strictObject({ ...Object.fromEntries(optional), name: name.schema });
	const read = (written: string | z.output<typeof object>): Read<Named<Value>> => {
		if (typeof written === "string") return { value: { name: written, own: {} } };
		const { name, ...own } = written;
		return { value: { name: name as string, own: own as Named<Value>["own"] } };
	};
	const write = ({ name, own }: Named<Value>) => (Object.keys(own).length === 0 ? name : { name, ...own });
	return {
		schema: codec(z.union([name.schema, object]), read, write),
		expected: `${name.expected}, or in the file an object with name, ${Object.keys(kinds).join(", ")}`,
		placeholder: name.placeholder,
		form: "text",
		fields: { name, ...kinds },
	};
}

/**
 * From `min` to `max` different values; in a file one may stand for a list of one. `plural` completes "1 to 16 ...".
 * Values with the same `identity` are the same.
 */
export function listOf<T>(
	one: Kind<T>,
	min: number,
	max: number,
	plural: string,
	identity: (value: T) => unknown = (value) => value,
): Kind<readonly T[]> {
	const list = z
		.array(one.schema)
		.min(min)
		.max(max)
		.superRefine((values, context) => {
			const identities = values.map(identity);
			for (const [index, value] of identities.entries()) {
				if (identities.indexOf(value) < index) context.addIssue({ code: "custom", path: [index], message: givenTwice });
			}
		});
	return {
		// The list is first, as it is what encoding writes.
		schema: z.union([list, one.schema.transform((value) => [value])]),
		expected: `1 to ${max} ${plural}`,
		expectedInner: one.expected,
		...(one.fields === undefined ? {} : { fields: one.fields }),
		placeholder: one.placeholder,
		form: one.form === "integer" ? "integers" : "texts",
	};
}

/** User name to bcrypt hash. */
export const accounts: Kind<ReadonlyMap<string, string>> = {
	schema: codec(
		z
			.record(
				z.string().regex(/^[^:\p{Cc}]{1,255}$/u),
				// Each step of bcrypt's cost doubles the time: at 16 a check takes seconds, at 31 hours, and other users wait meanwhile.
				z.string().regex(/^\$2[aby]\$(0[4-9]|1[0-6])\$[./A-Za-z0-9]{53}$/),
			)
			.refine((users) => Object.keys(users).length > 0, "no user in it"),
		(users) => ({ value: new Map(Object.entries(users)) }),
		(users) => Object.fromEntries(users),
	),
	expected: "users without a colon, each with a bcrypt hash, as htpasswd -nBC 10 USER makes it",
	expectedInner: "a bcrypt hash for the user, of cost 16 at the most, as htpasswd -nBC 10 USER makes it",
	expectedName: "a user's name of 1 to 255 characters without a colon",
	placeholder: "USER:HASH",
	form: "accounts",
};

/** null is a value too: the key is unset. */
export function nullable<T>(kind: Kind<T>): Kind<T | null> {
	return { ...kind, schema: kind.schema.nullable(), expected: `${kind.expected}, or null` };
}

/** Turns the texts of a flag or variable into the form of the file. A text that has no such form is returned as it is, and the schema refuses it. */
export function fromText(kind: Kind<unknown>, texts: readonly string[]): unknown {
	const last = texts.at(-1) ?? "";
	const number = (digits: string) => (/^\d{1,15}$/.test(digits) ? Number(digits) : digits);
	const parts = () => texts.flatMap((one) => one.split(",")).map((part) => part.trim());
	if (last === "" && kind.schema.safeParse(null).success) return null;
	switch (kind.form) {
		case "text":
			return last;
		case "integer":
			return number(last);
		case "boolean":
			// Go's strconv.ParseBool, as the flags of Go programs read it.
			if (/^(1|t|true)$/i.test(last)) return true;
			return /^(0|f|false)$/i.test(last) ? false : last;
		case "texts":
			return parts();
		case "integers":
			return parts().map(number);
		case "accounts": {
			const users: Record<string, string> = Object.create(null);
			for (const part of parts()) {
				const [name = "", ...hash] = part.split(":");
				users[name] = hash.join(":");
			}
			return users;
		}
	}
}

/** Replaces a union's issue by those of the branch for the input's type (a list or one value, a number or a text). */
export function unfold(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue[] {
	return issues.flatMap((issue) => {
		if (issue.code !== "invalid_union") return [issue];
		const branch = issue.errors.find(
			(errors) => !errors.some(({ code, path }) => code === "invalid_type" && path.length === 0),
		);
		if (branch === undefined) return [issue];
		return unfold(branch).map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
	});
}

export function show(value: unknown): string {
	if (value === undefined) return "nothing";
	const json = JSON.stringify(value);
	return json.length > 80 ? `${json.slice(0, 77)}...` : json;
}

/** Describes an issue of the kind's schema at a path inside the value, of which `found` is the part at that path. A secret is not shown. */
export function explain(
	kind: Kind<unknown>,
	{ code, message, path }: Pick<z.core.$ZodIssue, "code" | "message" | "path">,
	found: unknown,
	isSecret = false,
): string {
	if (message === givenTwice) return `${show(found)} is ${givenTwice}; leave one out`;
	const field = kind.fields?.[String(path.at(-1))];
	if (field !== undefined) return explain(field, { code, message, path: [] }, found, isSecret);
	const inner = code === "invalid_key" ? kind.expectedName : kind.expectedInner;
	const expected = (path.length === 0 ? undefined : inner) ?? kind.expected;
	const shown = isSecret && found !== null ? "something else" : show(found);
	return `expected ${expected}, found ${shown}${code === "custom" ? ` (${message})` : ""}`;
}
