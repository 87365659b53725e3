/** What countries and networks are called: on the page, in `top`, in reports, in sentences and in the metrics that are joined for names. */

/** Made for the first country: not every start has one to name. */
let regionNames: Intl.DisplayNames | undefined;

/** A country's English name alone, by the value of its label (see Origin). */
export function countryTitle(code: string): string {
	if (code === "ZZ") return "Unknown country";
	if (!/^[A-Z]{2}$/.test(code)) return "Other countries";
	regionNames ??= new Intl.DisplayNames("en", { type: "region" });
	return regionNames.of(code) ?? code;
}

/** A country's English name with its code: "Iran (IR)". */
export function countryName(code: string): string {
	const title = countryTitle(code);
	return /^[A-Z]{2}$/.test(code) && code !== "ZZ" && title !== code ? `${title} (${code})` : title;
}

/** Who runs a network, by the value of its label and what the database says (see Origin); its number where that is not known. */
export function networkTitle(asn: string, organization: string | null): string {
	if (asn === "0") return "Unknown network";
	return asn === "other" ? "Other networks" : (organization ?? `AS${asn}`);
}

/** The same with the number: "Example Net (AS64496)". */
export function networkName(asn: string, organization: string | null): string {
	const title = networkTitle(asn, organization);
	return organization === null ? title : `${title} (AS${asn})`;
}
