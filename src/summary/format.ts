/**
 * Numbers as people read them: with units, always in English forms. Where a form changes at a bound, the bound is that of
 * the rounded value: 0.9996 s is "1.00 s" and not "1000 ms".
 */

/** A whole number with all its digits, in groups of three. */
export function grouped(value: number): string {
	return String(value).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** A whole number: all digits below a million, then three significant ones. */
export function count(value: number): string {
	return value < 1e6 ? grouped(value) : scaled(value, ["", "M", "G", "T"], 1e6);
}

/** Something per second. */
export function rate(value: number): string {
	if (value >= 1e4) return count(Math.round(value));
	return value >= 99.95 || value === 0 ? grouped(Math.round(value)) : value.toFixed(1);
}

/** Bytes, in powers of a thousand. */
export function bytes(value: number): string {
	return value < 999.5 ? `${Math.round(value)} B` : scaled(value, ["", "kB", "MB", "GB", "TB"], 1e3);
}

/** Bytes per second, in powers of a thousand, as links are sold. */
export function byteRate(value: number): string {
	return `${bytes(value)}/s`;
}

/** A time in seconds. */
export function seconds(value: number): string {
	if (value < 0.001) return "< 1 ms";
	if (value < 0.00995) return `${(value * 1e3).toFixed(1)} ms`;
	return value < 0.9995 ? `${Math.round(value * 1e3)} ms` : `${value.toFixed(value < 9.995 ? 2 : 1)} s`;
}

/** A time in seconds, always to a tenth from one second on, and to a millisecond below: as sentences have it. */
export function secondsToTenths(value: number): string {
	return value < 0.9995 ? `${Math.round(value * 1e3)} ms` : `${value.toFixed(1)} s`;
}

/** A share of a whole, 0 to 1. */
export function percent(share: number): string {
	const value = share * 100;
	if (value === 0) return "0 %";
	if (value < 0.1) return "< 0.1 %";
	return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} %`;
}

/** A share of a whole, 0 to 1, always to a tenth of a per cent, so that they compare at a glance in a sentence. */
export function percentToTenths(share: number): string {
	return `${(share * 100).toFixed(1)} %`;
}

/** How many times as much, with the sign that stands for it. */
export function factor(value: number, sign: string): string {
	return `${value.toFixed(value < 10 ? 1 : 0)} ${sign}`;
}

/** What may be unknown, a dash where it is; `text` is how it reads where it is known. */
export function optional(value: number | null | undefined, text: (value: number) => string): string {
	return value === null || value === undefined ? "–" : text(value);
}

/** Between a number and its unit, where a line may not break. */
const hardSpace = "\u00a0";

/** How long, in milliseconds, to the coarser two units. */
export function duration(ms: number): string {
	const units = [
		["d", 86_400_000],
		["h", 3_600_000],
		["min", 60_000],
		["s", 1_000],
	] as const;
	const first = units.findIndex(([, unitMs]) => ms >= unitMs);
	if (first < 0) return "0 s";
	let rest = ms;
	const parts: string[] = [];
	for (const [name, unitMs] of units.slice(first, first + 2)) {
		const amount = Math.floor(rest / unitMs);
		rest -= amount * unitMs;
		if (amount > 0) parts.push(`${amount}${hardSpace}${name}`);
	}
	return parts.join(" ");
}

/** How long, in seconds, to a tenth of one: hours, minutes and seconds. */
export function durationToTenths(seconds: number): string {
	const tenths = Math.round(seconds * 10);
	const hours = Math.floor(tenths / 36_000);
	const minutes = Math.floor((tenths % 36_000) / 600);
	const rest = `${((tenths % 600) / 10).toFixed(1)} s`;
	if (hours > 0) return `${grouped(hours)} h ${minutes} min ${rest}`;
	return minutes > 0 ? `${minutes} min ${rest}` : rest;
}

/** Three significant digits with the unit of the greatest power of a thousand; units[0] is that of less than `from`. */
function scaled(value: number, units: readonly string[], from: number): string {
	let rest = value / from;
	let unit = 1;
	while (rest >= 999.5 && unit < units.length - 1) {
		rest /= 1e3;
		unit++;
	}
	const digits = rest < 9.995 ? 2 : rest < 99.95 ? 1 : 0;
	return `${rest.toFixed(digits)} ${units[unit]}`;
}
