/** What countries and networks are called where their kind stands beside them. */

const unknown = "Unknown";
const others = "Others";

/** Made for the first country: not every start has one to name. */
let countryNames: Intl.DisplayNames | undefined;

/** A country's English name, by the value of its label (see Origin). */
export function countryName(code: string): string {
	if (code === "ZZ") return unknown;
	if (!isCode(code)) return others;
	countryNames ??= new Intl.DisplayNames("en", { type: "region" });
	return countryNames.of(code) ?? code;
}

/** The same with the code behind it, where there is one, so that either can be looked for. */
export function countryNameWithCode(code: string): string {
	return isCode(code) ? `${countryName(code)} (${code})` : others;
}

/** A network's name, by the value of its label (see Origin). */
export function networkName(asn: string): string {
	if (asn === "0") return unknown;
	return asn === "other" ? others : `AS${asn}`;
}

function isCode(code: string): boolean {
	return /^[A-Z]{2}$/.test(code);
}
