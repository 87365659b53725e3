/** A figure as it is written on an axis: without the zeros at the end of its fraction, as "50" beside "100". */
export function axisText(figure: string): string {
	return figure.replace(/\.(\d*?)0+(?!\d)/, (_, kept: string) => (kept === "" ? "" : `.${kept}`));
}

/** Round distances between ticks, as multiples of powers of ten. */
const roundSteps = [1, 2, 5, 10];

/** Ticks from 0 to at least `max`, which is above 0: at least three, at most `stepsMax` (3 or more) after 0, at a round distance of at least `stepMin`. */
export function ticksUpTo(max: number, stepsMax: number, stepMin: number): number[] {
	const share = max / stepsMax;
	const magnitude = 10 ** Math.floor(Math.log10(share));
	const round = roundSteps.map((step) => step * magnitude).find((step) => step >= share) ?? share;
	const step = Math.max(stepMin, round);
	const steps = Math.max(2, Math.ceil(max / step));
	return Array.from({ length: steps + 1 }, (_, index) => index * step);
}

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });

/** A time on an axis. What is no longer than an hour has no "PM": minutes are close together on a phone. */
export function clockText(timeMs: number, spanMs: number): string {
	if (spanMs > 3_600_000) return clock.format(timeMs);
	const parts = clock.formatToParts(timeMs).filter(({ type }) => type !== "dayPeriod");
	return parts
		.map(({ value }) => value)
		.join("")
		.trim();
}
