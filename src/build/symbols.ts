/** What an addon needs of the host: checked before it is used, as the build machine has newer libraries than most hosts. */

import { BuildError } from "./artifacts.ts";

/** Newest version of glibc's symbols that the addon may need: every supported distribution has it. */
const glibcVersionMax = "2.17";

/** A version of two or three numbers as one that can be compared. */
export function versionNumber(version: string): number {
	const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
	return (major * 1000 + minor) * 1000 + patch;
}

/** The names of a shared object's dynamic symbols (objdump -T) that it defines. */
export function definedSymbols(symbolTable: string): Set<string> {
	const lines = symbolTable.split("\n").filter((line) => !line.includes("*UND*"));
	return new Set(lines.map((line) => line.trim().split(/\s+/).at(-1) ?? ""));
}

/** The newest version of glibc's symbols in a symbol table (objdump -T), undefined where it has none. */
export function newestGlibc(symbolTable: string): string | undefined {
	const versions = [...symbolTable.matchAll(/GLIBC_([\d.]+)/g)].map(([, version = ""]) => version);
	return versions.toSorted((a, b) => versionNumber(a) - versionNumber(b)).at(-1);
}

/**
 * Refuses an addon that would need a newer C library than the oldest supported host has, or a library besides it. `libcSymbols` are those
 * of a C library without symbol versions (musl).
 */
export function checkSymbols(addon: string, symbolTable: string, libcSymbols: ReadonlySet<string> = new Set()): void {
	for (const line of symbolTable.split("\n")) {
		const [, undefinedSymbol] = /\*UND\*\s+\S+\s+(?:Base\s+)?(.+)$/.exec(line) ?? [];
		if (!undefinedSymbol) continue;
		const [, glibcVersion] = /GLIBC_([\d.]+)/.exec(undefinedSymbol) ?? [];
		const isWeak = /\sw\s/.test(line);
		if (glibcVersion && versionNumber(glibcVersion) > versionNumber(glibcVersionMax))
			throw new BuildError(`${addon} needs ${undefinedSymbol}, newer than glibc ${glibcVersionMax}`);
		if (!glibcVersion && !isWeak && !undefinedSymbol.startsWith("napi_") && !libcSymbols.has(undefinedSymbol))
			throw new BuildError(`${addon} needs ${undefinedSymbol}, which nothing defines`);
	}
}
