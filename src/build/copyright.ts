/** The licences of an executable and of all that it contains, as one text that goes with it (Debian Policy 12.5). */
import type { Component } from "./sbom.ts";

/** A licence as the component's own files state it. */
export interface LicenseText {
	readonly name: string;
	readonly text: string;
}

/** `own` is the project's licence; `texts` are those of the components that come with one. */
export function copyrightFile(own: string, components: readonly Component[], texts: readonly LicenseText[]): string {
	const lines = components.flatMap(({ name, version, license, components: parts = [] }) => [
		`  ${name} ${version}${license === undefined ? "" : ` (${license})`}`,
		...parts.map((part) => `    ${part.name} ${part.version}`),
	]);
	const sections = texts.map(({ name, text }) => `---- ${name} ----\n\n${text.trim()}\n`);
	return [`${own.trim()}\n`, `The executable also contains:\n\n${lines.join("\n")}\n`, ...sections].join("\n");
}
