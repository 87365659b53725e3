/** A reader of Prometheus's text exposition format (version 0.0.4) that shares no code with what writes it. */

export interface ExpositionSample {
	readonly name: string;
	readonly labels: Readonly<Record<string, string>>;
	readonly value: number;
}

export interface Samples {
	/** Keys are `name{a="b",c="d"}` with the labels in order of their names (`name` alone without labels). */
	readonly byKey: ReadonlyMap<string, number>;
	readonly all: readonly ExpositionSample[];
	/** The metric types by name, from the TYPE lines. */
	readonly types: ReadonlyMap<string, string>;
	/** The value of exactly this label set; undefined where there is none. */
	value(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
	/** The sum over all label sets that have these labels; 0 where there is none. */
	sum(name: string, labels?: Readonly<Record<string, string>>): number;
	/** Lines of all samples whose name begins with `prefix`, for messages. */
	text(prefix: string): string;
}

/** Reads an exposition. Throws on a line that is none, and on a label set that comes twice. */
export function parseExposition(text: string): Samples {
	const byKey = new Map<string, number>();
	const types = new Map<string, string>();
	const all: ExpositionSample[] = [];
	for (const line of text.split("\n")) {
		if (line === "") continue;
		if (line.startsWith("#")) {
			const [, kind, name = "", type = ""] = line.split(" ");
			if (kind === "TYPE") types.set(name, type);
			continue;
		}
		const sample = parseSample(line);
		const key = sampleKey(sample.name, sample.labels);
		if (byKey.has(key)) throw new Error(`${key} comes twice`);
		byKey.set(key, sample.value);
		all.push(sample);
	}
	return {
		byKey,
		all,
		types,
		value: (name, labels = {}) => byKey.get(sampleKey(name, labels)),
		sum(name, labels = {}) {
			const wanted = Object.entries(labels);
			return all
				.filter((sample) => sample.name === name && wanted.every(([label, value]) => sample.labels[label] === value))
				.reduce((sum, { value }) => sum + value, 0);
		},
		text: (prefix) =>
			[...byKey]
				.filter(([key]) => key.startsWith(prefix))
				.map(([key, value]) => `${key} ${value}`)
				.join("\n"),
	};
}

/** The key of a label set in Samples.byKey. */
export function sampleKey(name: string, labels: Readonly<Record<string, string>>): string {
	const pairs = Object.entries(labels)
		.toSorted(([a], [b]) => (a < b ? -1 : 1))
		.map(([label, value]) => `${label}=${JSON.stringify(value)}`);
	return pairs.length === 0 ? name : `${name}{${pairs.join(",")}}`;
}

const samplePattern = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: -?\d+)?$/;
const labelPattern = /([a-zA-Z_]\w*)="((?:[^"\\]|\\["\\n])*)"(?:,|$)/y;

function parseSample(line: string): ExpositionSample {
	const [, name, labelText = "", valueText = ""] = samplePattern.exec(line) ?? [];
	if (name === undefined) throw new Error(`no sample: ${line}`);
	const labels: Record<string, string> = {};
	labelPattern.lastIndex = 0;
	while (labelPattern.lastIndex < labelText.length) {
		const [, label, value] = labelPattern.exec(labelText) ?? [];
		if (label === undefined || value === undefined) throw new Error(`no labels: ${line}`);
		labels[label] = value.replace(/\\(.)/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
	}
	return { name, labels, value: valueIn(valueText, line) };
}

function valueIn(text: string, line: string): number {
	if (text === "NaN") return Number.NaN;
	const value = Number(text.replace(/^([+-]?)Inf$/, "$1Infinity"));
	if (Number.isNaN(value)) throw new Error(`no value: ${line}`);
	return value;
}
