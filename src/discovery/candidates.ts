import type { Sighting } from "../engine/engine.ts";

/** Tunnels, ports and interfaces. A stranger can make up names of as many as he likes. */
export const candidatesMax = 256;

export interface Candidate extends Sighting {
	/** Queries, copies on other interfaces among them. */
	readonly count: number;
}

/** What queries that carry data seem to be of, and how many there were of each. */
export class Candidates {
	private readonly candidates = new Map<string, Sighting & { count: number }>();

	/** When there is no room, the one that was seen least is dropped. */
	add(sighting: Sighting): void {
		const { lookalike, recordType, domain, port, interfaceIndex } = sighting;
		const key = `${lookalike} ${recordType} ${port} ${interfaceIndex} ${domain}`;
		const candidate = this.candidates.get(key);
		if (candidate !== undefined) {
			candidate.count++;
			return;
		}
		if (this.candidates.size >= candidatesMax) this.dropLeast();
		this.candidates.set(key, { ...sighting, count: 1 });
	}

	/** The most seen first. */
	list(): Candidate[] {
		return [...this.candidates.values()].sort((a, b) => b.count - a.count);
	}

	private dropLeast(): void {
		let least = Number.POSITIVE_INFINITY;
		let leastKey = "";
		for (const [key, { count }] of this.candidates) {
			if (count >= least) continue;
			least = count;
			leastKey = key;
		}
		this.candidates.delete(leastKey);
	}
}
