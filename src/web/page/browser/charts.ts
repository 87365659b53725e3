import uPlot from "uplot";
import type { HistoryStatus } from "../../../status/status.ts";
import { pointsOf, type SpanName, spans } from "../spans.ts";
import { axisText, clockText, ticksUpTo } from "./axis.ts";
import { type ChartKind, dataOf, kinds, labelOf, type View } from "./chart-kinds.ts";
import { withGaps } from "./gaps.ts";
import { followTouch, showTooltip } from "./tooltip.ts";

/** Of several strips each has room for its name above its highest tick; page.css puts the names there. */
const namedHeight = 1.3;
/** For the longest time on an axis, "12:00 AM", in CSS pixels. */
const tickSpace = 58;
/** Lines do not touch the highest tick. */
const headroom = 1.05;

/** With the time zone. */
const cursorClock = new Intl.DateTimeFormat(undefined, { timeStyle: "long" });

/** The three charts. They are redrawn when the colours change. */
export class Charts {
	private plots: readonly { readonly kind: ChartKind; readonly host: HTMLElement; readonly plot: uPlot }[] = [];
	private view: View = {
		span: spans["5min"],
		startMs: Date.now() - spans["5min"].ms,
		endMs: Date.now(),
		points: [],
		newest: undefined,
	};
	private readonly resized = new ResizeObserver(() => {
		for (const { host, plot } of this.plots) plot.setSize({ width: host.clientWidth, height: host.clientHeight });
	});

	constructor() {
		this.draw();
		for (const { host } of this.plots) this.resized.observe(host);
		matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
	}

	/** Shows a span of the history that ends at `endMs`. */
	show(history: HistoryStatus, name: SpanName, endMs: number): void {
		const span = spans[name];
		const startMs = endMs - span.ms;
		const points = withGaps(pointsOf(history, name), { startMs, endMs, stepMs: span.stepMs });
		const newest = points.at(-1)?.length === 1 ? undefined : history.hour.at(-1);
		this.view = { span, startMs, endMs, points, newest };
		for (const { kind, host, plot } of this.plots) {
			plot.setData(dataOf(kind, points));
			host.toggleAttribute(
				"data-empty",
				points.every(({ length }) => length === 1),
			);
			host.setAttribute("aria-label", labelOf(kind, this.view));
		}
	}

	private draw(): void {
		for (const { plot } of this.plots) plot.destroy();
		this.plots = kinds.map((kind) => {
			const host = document.getElementById(`${kind.name}-chart`) as HTMLElement;
			const plot = new uPlot(this.optionsOf(kind, host), dataOf(kind, this.view.points), host);
			followTouch(plot.over);
			return { kind, host, plot };
		});
	}

	private optionsOf(kind: ChartKind, host: HTMLElement): uPlot.Options {
		const { scales, axes } = stripScales(kind);
		return {
			width: host.clientWidth,
			height: host.clientHeight,
			padding: [8, 28, 0, 0],
			legend: { show: false },
			cursor: {
				y: false,
				move: toPoint,
				drag: { x: false, y: false },
				points: { size: 7 },
				sync: { key: "charts", scales: ["x", null] },
			},
			scales: { x: { range: () => [this.view.startMs / 1_000, this.view.endMs / 1_000] }, ...scales },
			axes: [this.timeAxis(), ...axes],
			series: [
				{},
				...kind.strips.map(({ colour }, index) => ({
					scale: `y${index}`,
					stroke: colourOf(colour),
					fill: colourOf(`${colour}-soft`),
					fillTo: 0,
					width: 1.5,
					points: { show: false, filter: alone, size: 4, fill: colourOf(colour) },
				})),
			],
			hooks: { init: [addTooltip], setCursor: [(plot) => this.showValues(kind, plot)] },
		};
	}

	private timeAxis(): uPlot.Axis {
		return {
			...axisStyle(),
			// The first time stands clear of the "0" beside it. page.css has the size as well.
			size: 32,
			gap: 9,
			grid: { show: false },
			incrs: () => [...this.view.span.tickSeconds],
			// The last distance fits always.
			space: (_plot, _axis, start, end, width) =>
				Math.min(tickSpace, (width * (this.view.span.tickSeconds.at(-1) ?? 0)) / (end - start)),
			values: (_plot, at) => at.map((second) => clockText(second * 1_000, this.view.span.ms)),
		};
	}

	private showValues({ strips }: ChartKind, plot: uPlot): void {
		const tooltip = plot.over.querySelector<HTMLElement>(".tooltip");
		if (tooltip === null) return;
		const { idx, left = 0 } = plot.cursor;
		const point = idx == null ? undefined : this.view.points[idx];
		const lines =
			point === undefined || point.length === 1
				? [cursorClock.format(plot.posToVal(left, "x") * 1_000), "nothing was captured"]
				: [cursorClock.format(point[0]), ...strips.map(({ at, words }) => words(point[at]))];
		showTooltip(tooltip, plot, lines);
	}
}

function addTooltip({ over }: uPlot): void {
	const tooltip = document.createElement("p");
	tooltip.className = "tooltip";
	tooltip.hidden = true;
	over.append(tooltip);
}

/** Moves the cursor to the point whose values are shown; it stays where nothing was captured. */
function toPoint(plot: uPlot, left: number, top: number): [left: number, top: number] {
	const [seconds, values] = plot.data;
	const index = plot.posToIdx(left);
	const second = seconds?.[index];
	if (left < 0 || second === undefined || values?.[index] == null) return [left, top];
	return [Math.max(0, plot.valToPos(second, "x")), top];
}

function colourOf(name: string): string {
	return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function axisStyle(): uPlot.Axis {
	return {
		stroke: colourOf("--muted"),
		font: `12px ${getComputedStyle(document.documentElement).fontFamily}`,
		ticks: { show: false },
		grid: { stroke: colourOf("--line"), width: 1 },
		border: { show: false },
	};
}

/** A scale and an axis for each strip. The strips are one above the other, so that their axes can share one place. */
function stripScales({ strips, topMin, stepMin }: ChartKind): Required<Pick<uPlot.Options, "scales" | "axes">> {
	const scales: uPlot.Scales = {};
	const stepsMax = strips.length === 1 ? 4 : 3;
	const axes = strips.map(({ text }, index): uPlot.Axis => {
		let ticks = ticksUpTo(topMin, stepsMax, stepMin);
		scales[`y${index}`] = {
			range: (_plot, _min, max) => {
				ticks = ticksUpTo(Math.max(topMin, (max ?? 0) * headroom), stepsMax, stepMin);
				const height = (ticks.at(-1) ?? topMin) * (strips.length === 1 ? 1 : namedHeight);
				return [-height * (strips.length - 1 - index), height * (index + 1)];
			},
		};
		return {
			...axisStyle(),
			scale: `y${index}`,
			side: 3,
			// The last one takes the room for all.
			size: index === strips.length - 1 ? 64 : 0,
			splits: () => ticks,
			values: (_plot, at) => at.map((value) => axisText(text(value))),
		};
	});
	return { scales, axes };
}

/** Points without a neighbour, which no line shows. */
function alone(plot: uPlot, series: number): number[] {
	const values = plot.data[series] ?? [];
	return [...values].flatMap((value, index) =>
		value != null && values[index - 1] == null && values[index + 1] == null ? [index] : [],
	);
}
