/** The labels of label sets, and the label sets of each domain and country. */

import { noDomain } from "../engine/tracker.ts";
import type { Sources } from "./sources.ts";

export type Labels = Readonly<Record<string, string>>;

/** A domain and country, or a domain alone. */
export interface LabelGroup {
	readonly labels: Labels;
	/** Numbers of its label sets. */
	readonly sets: number[];
	/** The greatest sum that each histogram reported, by its name. */
	readonly sums: Map<string, number>;
}

/** Label objects of a label set are made once. */
export class LabelGroups {
	/** By index; those of label sets that have come since the last call of ofDomains are missing. */
	readonly domains: readonly LabelGroup[];
	private readonly sources: Pick<Sources, "tracker" | "domains" | "geoLabels">;
	/** Of the label sets that were met, by number; of one that is free, nothing. */
	private readonly setLabels: (Labels | undefined)[] = [];
	/** By country and domain; those of the domains without a country database: they are known, and their series are there from the start. */
	private readonly countries = new Map<string, LabelGroup>();
	/** How many label sets had made room when numbers were last looked at. */
	private retired = 0;

	constructor(sources: Pick<Sources, "tracker" | "domains" | "geoLabels">) {
		this.sources = sources;
		this.domains = sources.domains.map((domain) => ({ labels: { domain }, sets: [], sums: new Map() }));
		if (!sources.geoLabels.hasCountry) for (const group of this.domains) this.countries.set(keyOf(group.labels), group);
	}

	/** One for each domain and country; each domain, without a country database. */
	ofCountries(): LabelGroup[] {
		this.labels();
		return [...this.countries.values()];
	}

	ofDomains(): readonly LabelGroup[] {
		this.labels();
		return this.domains;
	}

	/** The labels of all label sets, by number: those of new ones are made, and once one made room all numbers are looked at again. */
	labels(): readonly (Labels | undefined)[] {
		const { sets } = this.sources.tracker;
		if (sets.retired !== this.retired) {
			this.retired = sets.retired;
			this.setLabels.length = 0;
			for (const group of [...this.countries.values(), ...this.domains]) group.sets.length = 0;
		}
		for (let set = this.setLabels.length; set < sets.size; set++) {
			const labels = this.makeLabels(set);
			this.setLabels.push(labels);
			if (labels === undefined) continue;
			if (this.sources.geoLabels.hasCountry) this.groupOf(labels).sets.push(set);
			this.domains[sets.domains[set] as number]?.sets.push(set);
		}
		return this.setLabels;
	}

	private makeLabels(set: number): Labels | undefined {
		const { sets } = this.sources.tracker;
		const { hasCountry, hasAsn, origins } = this.sources.geoLabels;
		const domain = sets.domains[set] as number;
		if (domain === noDomain) return undefined;
		const origin = origins[sets.origins[set] as number];
		const labels: Record<string, string> = { domain: this.sources.domains[domain] as string };
		if (hasCountry) labels.country = origin?.country as string;
		if (hasAsn) labels.asn = origin?.asn as string;
		return labels;
	}

	private groupOf({ asn, ...labels }: Labels): LabelGroup {
		const key = keyOf(labels);
		let group = this.countries.get(key);
		if (group === undefined) {
			group = { labels, sets: [], sums: new Map() };
			this.countries.set(key, group);
		}
		return group;
	}
}

function keyOf({ domain, country }: Labels): string {
	return `${domain} ${country}`;
}
