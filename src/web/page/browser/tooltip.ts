/** The values at a chart's cursor, beside it. */

import type uPlot from "uplot";

/** Between the cursor and its tooltip, in CSS pixels. */
const distance = 10;

/** Shows these lines beside the cursor: to its right, to its left where there is no room, and never beyond the chart. */
export function showTooltip(tooltip: HTMLElement, { cursor, over }: uPlot, lines: readonly string[]): void {
	const left = cursor.left ?? -1;
	tooltip.hidden = left < 0;
	if (tooltip.hidden) return;
	tooltip.textContent = lines.join("\n");
	const { clientWidth: room } = over;
	const width = tooltip.offsetWidth;
	const right = left + distance;
	const beside = right + width <= room ? right : left - distance - width;
	tooltip.style.left = `${Math.max(0, Math.min(beside, room - width))}px`;
}

/** Moves the cursor with a finger too: uPlot listens to a mouse only. The page is still scrolled up and down. */
export function followTouch(over: HTMLElement): void {
	over.addEventListener(
		"touchmove",
		({ touches }) => {
			const [touch] = touches;
			if (touch === undefined) return;
			const { clientX, clientY } = touch;
			over.dispatchEvent(new MouseEvent("mousemove", { clientX, clientY }));
		},
		{ passive: true },
	);
}
