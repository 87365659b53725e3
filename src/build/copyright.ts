/** The licences of an executable and of all that it contains, as one text that goes with it. */
import type { Component } from "./sbom.ts";

/** A licence as the component's own files state it. */
export interface LicenseText {
	readonly name: string;
	readonly text: string;
}

/** Debian has the text of the Apache License itself, and wants packages to refer to it (Policy 12.5): of a file with it the holder is left. */
function referenceOrText(text: string): string {
	if (!/^\s*Apache License\s+Version 2\.0, January 2004\s/.test(text)) return text;
	const [, holder] = /^ *(Copyright \d.*)$/m.exec(text) ?? [];
	return `${holder ? `${holder}\n\n` : ""}Apache License, Version 2.0: /usr/share/common-licenses/Apache-2.0`;
}

/** `own` is the project's licence; `texts` are those of the components that come with one. Debian's packages refer to what Debian has. */
export function copyrightFile(
	own: string,
	components: readonly Component[],
	texts: readonly LicenseText[],
	isForDebian: boolean,
): string {
	const lines = components.flatMap(({ name, version, license, components: parts = [] }) => [
		`  ${name} ${version}${license === undefined ? "" : ` (${license})`}`,
		...parts.map((part) => `    ${part.name} ${part.version}`),
	]);
	const sections = texts.map(
		({ name, text }) => `---- ${name} ----\n\n${(isForDebian ? referenceOrText(text) : text).trim()}\n`,
	);
	const whole = [`${own.trim()}\n`, `The executable also contains:\n\n${lines.join("\n")}\n`, ...sections].join("\n");
	return whole.replaceAll("\r\n", "\n");
}
