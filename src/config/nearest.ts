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

/** Names of flags, variables and keys differ in case and in the separators between words. */
function plain(name: string): string {
	return name.toLowerCase().replaceAll(/[._]/g, "-");
}

/**
 * The known word that was probably meant, or undefined. In this order: the only one that begins with the word, as a whole or in its
 * last dotted part ("listen" for "web.listen-address"); the nearest, in which at most a third of the word's letters differ; the only
 * one whose last dotted part the word ends with ("dnstt.level" for "log.level"). Case, dots, dashes and underscores are equal.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
	// No known word is that long, and the time for the distance grows with the product of the lengths.
	if (word === "" || word.length > 100) return undefined;
	const meant = plain(word);
	const only = (fits: (candidate: string, lastPart: string) => boolean) => {
		const found = known.filter((candidate) => fits(plain(candidate), plain(candidate.split(".").at(-1) ?? "")));
		return found.length === 1 ? found[0] : undefined;
	};
	const begun = only((candidate, lastPart) => [candidate, lastPart].some((name) => name.startsWith(meant)));
	if (begun !== undefined && meant.length > 1) return begun;
	const distances = known.map((candidate) => editDistance(meant, plain(candidate)));
	const least = Math.min(...distances);
	if (least <= Math.max(1, Math.floor(meant.length / 3))) return known[distances.indexOf(least)];
	return only((_candidate, lastPart) => `-${meant}`.endsWith(`-${lastPart}`));
}

/**
 * Returns the end of a line about an unknown word: `; did you mean X?`, or nothing; where the word is the last part of several ("domain"),
 * all of them. `spell` writes X as the operator would.
 */
export function didYouMean(word: string, known: readonly string[], spell = (found: string) => found): string {
	const found = nearest(word, known);
	const meant = found === undefined ? known.filter((name) => plain(name).endsWith(`-${plain(word)}`)) : [found];
	return meant.length === 0 || word === "" ? "" : `; did you mean ${meant.map(spell).join(" or ")}?`;
}
