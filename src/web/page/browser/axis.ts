/** A figure as it is written on an axis: without the zeros at the end of its fraction, as "50" beside "100". */
export function axisText(figure: string): string {
	return figure.replace(/\.(\d*?)0+(?!\d)/, (_, kept: string) => (kept === "" ? "" : `.${kept}`));
}
