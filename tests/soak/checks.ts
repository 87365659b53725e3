/** What a soak run checks: each check once, in a line of its own, and how many there were. */

export class Checks {
	private passed = 0;
	private failed = 0;

	/** Prints whether it held, with the figures behind it. */
	that(title: string, holds: boolean, figures: string): void {
		if (holds) this.passed++;
		else this.failed++;
		console.log(`${holds ? "passed" : "FAILED"}: ${title}: ${figures}`);
	}

	/** A check of many occasions: holds when none of them went wrong. Prints the first few that did. */
	none(title: string, wrong: readonly string[], occasions: string): void {
		const shown = [...wrong.slice(0, 5), ...(wrong.length > 5 ? [`${wrong.length - 5} more`] : [])];
		this.that(title, wrong.length === 0, wrong.length === 0 ? occasions : shown.join("; "));
	}

	get line(): string {
		return `${this.passed} passed, ${this.failed} failed`;
	}

	/** A run that checked nothing has failed. */
	get exitCode(): 0 | 1 {
		return this.failed === 0 && this.passed > 0 ? 0 : 1;
	}
}
