/** Names of countries and networks, for use where the text says which of the two they are. */

const unknown = "Unknown";
const others = "Others";

/** Created for the first country that is named. */
let countryNames: Intl.DisplayNames | undefined;

/** A country's English name, by the value of its label (see Origin). */
export function countryName(code: string): string {
	if (code === "ZZ") return unknown;
	if (!/^[A-Z]{2}$/.test(code)) return others;
	countryNames ??= new Intl.DisplayNames("en", { type: "region" });
	return `${countryNames.of(code) ?? code} (${code})`;
}

/** A network's name, by the value of its label (see Origin). */
export function networkName(asn: string): string {
	if (asn === "0") return unknown;
	return asn === "other" ? others : `AS${asn}`;
}
