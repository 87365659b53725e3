/** Which known word a mistyped one was probably meant to be. */

/** Steps of inserting, deleting, replacing one character or swapping two neighbours between two words. */
function editDistance(from: string, to: string): number {
	let beforeLast: number[] = [];
	let last = Array.from({ length: to.length + 1 }, (_, index) => index);
	for (let row = 1; row <= from.length; row++) {
		const next = [row];
		for (let column = 1; column <= to.length; column++) {
			const same = from[row - 1] === to[column - 1];
			let steps = Math.min(
				(last[column] ?? 0) + 1,
				(next[column - 1] ?? 0) + 1,
				(last[column - 1] ?? 0) + (same ? 0 : 1),
			);
			if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
				steps = Math.min(steps, (beforeLast[column - 2] ?? 0) + 1);
			}
			next.push(steps);
		}
		beforeLast = last;
		last = next;
	}
	return last[to.length] ?? 0;
}

/**
 * The known word nearest to `word`, or undefined if none is near: at most a third of its letters may differ (case, `_` and `-` aside),
 * or it begins exactly one of them ("systemd" for "systemd-unit"), or it is the last part of exactly one known dotted key ("domain" of "dnstt.domain").
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
	const plain = (text: string) => text.toLowerCase().replaceAll("_", "-");
	// Nothing known is that long, and the distance costs the product of the lengths.
	if (word.length > 100) return undefined;
	let best: string | undefined;
	let bestSteps = Math.max(1, Math.floor(word.length / 3)) + 1;
	for (const candidate of known) {
		const steps = editDistance(plain(word), plain(candidate));
		if (steps < bestSteps) {
			best = candidate;
			bestSteps = steps;
		}
	}
	if (best !== undefined) return best;
	const longer = known.filter((candidate) => candidate.startsWith(plain(word)));
	if (word.length > 1 && longer.length === 1) return longer[0];
	const lastPart = plain(word).split(".").at(-1);
	const namesakes = known.filter((candidate) => candidate.split(".").at(-1) === lastPart);
	return namesakes.length === 1 ? namesakes[0] : undefined;
}

/** The words that follow a refused one: `; did you mean X?`, or nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
	const best = nearest(word, known);
	return best === undefined ? "" : `; did you mean ${best}?`;
}
