/** What the charts show, without how it is drawn. */

import type { AlignedData } from "uplot";
import type { Point } from "../../../status/status.ts";
import { byteRate, count, rate } from "../../../summary/format.ts";
import type { Span } from "../spans.ts";
import type { ChartPoint } from "./gaps.ts";

/** A series in a strip of its own, with its own scale: what is received and what is sent may differ by ten times. */
export interface Strip {
	/** Where a point has the values, and in which colour they are drawn. */
	readonly at: 1 | 2 | 3 | 4;
	readonly colour: string;
	/** A value on the axis. */
	readonly text: (value: number) => string;
	/** A value at the cursor. */
	readonly words: (value: number) => string;
}

export interface ChartKind {
	readonly name: string;
	readonly title: string;
	/** From top to bottom. */
	readonly strips: readonly Strip[];
	/** The least that the upper end of a scale is. */
	readonly topMin: number;
	/** The least distance of ticks. */
	readonly stepMin: number;
}

export const kinds: readonly ChartKind[] = [
	{
		name: "active",
		title: "Active clients",
		strips: [{ at: 1, colour: "--accent", text: count, words: (value) => `${count(value)} active` }],
		topMin: 4,
		stepMin: 1,
	},
	{
		name: "queries",
		title: "Queries per second",
		strips: [{ at: 2, colour: "--accent", text: rate, words: (value) => `${rate(value)} queries/s` }],
		topMin: 1,
		stepMin: 0,
	},
	{
		name: "traffic",
		title: "Traffic",
		strips: [
			{ at: 3, colour: "--second", text: byteRate, words: (value) => `received ${byteRate(value)}` },
			{ at: 4, colour: "--accent", text: byteRate, words: (value) => `sent ${byteRate(value)}` },
		],
		topMin: 1_000,
		stepMin: 0,
	},
];

/** What the charts show now. */
export interface View {
	readonly span: Span;
	readonly startMs: number;
	readonly endMs: number;
	readonly points: readonly ChartPoint[];
	/** The newest sample, also where the last point stands for several; undefined where nothing is captured. */
	readonly newest: Point | undefined;
}

/** The columns of a chart, as uPlot takes them. */
export function dataOf({ strips }: ChartKind, points: readonly ChartPoint[]): AlignedData {
	return [
		points.map(([timeMs]) => timeMs / 1_000),
		...strips.map(({ at }) => points.map((point) => (point.length === 1 ? null : point[at]))),
	];
}

/** What a chart shows, in words: for those who do not see it. */
export function labelOf({ title, strips }: ChartKind, { span, points, newest }: View): string {
	const sentences = strips.map(({ at, words }) => {
		const values = [...points, ...(newest === undefined ? [] : [newest])].flatMap((point) =>
			point.length === 1 ? [] : [point[at]],
		);
		const now = newest === undefined ? "nothing is captured" : words(newest[at]);
		return values.length === 0
			? "no values yet"
			: `now ${now}, between ${words(Math.min(...values))} and ${words(Math.max(...values))}`;
	});
	return `${title} over the last ${span.words}: ${[...new Set(sentences)].join("; ")}`;
}
