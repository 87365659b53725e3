import uPlot from "uplot";
import type { Point } from "../../../status/status.ts";
import { byteRate, count, rate } from "../../../summary/format.ts";
import { axisText } from "./axis.ts";
import { type ChartPoint, type Span, withGaps } from "./gaps.ts";

const spanSeconds: Readonly<Record<Span, number>> = { hour: 3_600, day: 86_400 };

interface ChartKind {
	readonly name: string;
	readonly title: string;
	/** Where a point has the values, and in which colour they are drawn. */
	readonly series: readonly { readonly at: 1 | 2 | 3 | 4; readonly colour: string; readonly filled: boolean }[];
	readonly text: (value: number) => string;
	/** The least that the upper end of the scale is. */
	readonly topMin: number;
	/** Only whole numbers on the axis. */
	readonly whole: boolean;
}

const kinds: readonly ChartKind[] = [
	{
		name: "active",
		title: "Active clients",
		series: [{ at: 1, colour: "--accent", filled: true }],
		text: count,
		topMin: 4,
		whole: true,
	},
	{
		name: "queries",
		title: "Queries per second",
		series: [{ at: 2, colour: "--accent", filled: true }],
		text: rate,
		topMin: 1,
		whole: false,
	},
	{
		name: "traffic",
		title: "Traffic, received and sent",
		series: [
			{ at: 4, colour: "--accent", filled: true },
			{ at: 3, colour: "--second", filled: false },
		],
		text: byteRate,
		topMin: 1_000,
		whole: false,
	},
];

const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const preciseClock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit", second: "2-digit" });

/** The three charts. They are redrawn when the colours change. */
export class Charts {
	private plots: readonly { readonly kind: ChartKind; readonly host: HTMLElement; readonly plot: uPlot }[] = [];
	private points: readonly ChartPoint[] = [];
	private span: Span = "hour";
	private readonly resized = new ResizeObserver(() => {
		for (const { host, plot } of this.plots) plot.setSize({ width: host.clientWidth, height: host.clientHeight });
	});

	constructor() {
		this.draw();
		for (const { host } of this.plots) this.resized.observe(host);
		matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
	}

	/** Shows these points as the given span. */
	show(points: readonly Point[], span: Span): void {
		this.points = withGaps(points, span);
		this.span = span;
		for (const { kind, host, plot } of this.plots) {
			plot.setData(dataOf(kind, this.points));
			host.dataset.empty = points.length === 0 ? span : "";
			const values = points.map((point) => point[kind.series[0]?.at ?? 1]);
			const label = `${kind.title} over the last ${span}`;
			host.setAttribute(
				"aria-label",
				values.length === 0
					? `${label}: no values yet`
					: `${label}: now ${kind.text(values.at(-1) ?? 0)}, between ${kind.text(Math.min(...values))} and ${kind.text(Math.max(...values))}`,
			);
		}
	}

	private draw(): void {
		for (const { plot } of this.plots) plot.destroy();
		this.plots = kinds.map((kind) => {
			const host = document.getElementById(`${kind.name}-chart`) as HTMLElement;
			return { kind, host, plot: new uPlot(this.optionsOf(kind, host), dataOf(kind, this.points), host) };
		});
	}

	private optionsOf(kind: ChartKind, host: HTMLElement): uPlot.Options {
		const style = getComputedStyle(document.documentElement);
		const colour = (name: string) => style.getPropertyValue(name).trim();
		const axis = {
			stroke: colour("--muted"),
			font: `12px ${style.fontFamily}`,
			ticks: { show: false },
			grid: { stroke: colour("--line"), width: 1 },
			border: { show: false },
		};
		const readout = document.getElementById(`${kind.name}-readout`);
		return {
			width: host.clientWidth,
			height: host.clientHeight,
			padding: [8, 28, 0, 0],
			legend: { show: false },
			cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
			scales: {
				x: {
					range: () => {
						const end = (this.points.at(-1)?.[0] ?? Date.now()) / 1_000;
						return [end - spanSeconds[this.span], end];
					},
				},
				y: { range: (_plot, _min, max) => [0, Math.max(kind.topMin, (max ?? 0) * 1.1)] },
			},
			axes: [
				{
					...axis,
					space: 70,
					size: 28,
					grid: { show: false },
					values: (_plot, at) => at.map((s) => clock.format(s * 1_000)),
				},
				{
					...axis,
					space: 36,
					size: 64,
					...(kind.whole
						? { incrs: [1, 2, 5].flatMap((n) => [0, 1, 2, 3, 4, 5, 6].map((e) => n * 10 ** e)).sort((a, b) => a - b) }
						: {}),
					values: (_plot, at) => at.map((value) => axisText(kind.text(value))),
				},
			],
			series: [
				{},
				...kind.series.map(({ colour: name, filled }) => ({
					stroke: colour(name),
					width: 1.5,
					points: { show: false },
					...(filled ? { fill: colour(`${name}-soft`) } : {}),
				})),
			],
			hooks: {
				setCursor: [
					(plot) => {
						if (readout === null) return;
						const point = plot.cursor.idx == null ? undefined : this.points[plot.cursor.idx];
						const values =
							point && point.length > 1 ? kind.series.map(({ at }) => kind.text(point[at] ?? 0)).reverse() : undefined;
						readout.textContent = point && values ? `${preciseClock.format(point[0])}  ${values.join("  ")}` : "";
					},
				],
			},
		};
	}
}

function dataOf(kind: ChartKind, points: readonly ChartPoint[]): uPlot.AlignedData {
	return [
		points.map(([timeMs]) => timeMs / 1_000),
		...kind.series.map(({ at }) => points.map((point) => (point.length === 1 ? null : point[at]))),
	];
}
