/**
 * When the runtime compiles JavaScript. By itself it does so after some hundred runs, on a thread beside; but most of what runs here,
 * the start, a small scrape, a report of some thousand rows, is over or idle again before that is paid back. (The way of a packet
 * is WebAssembly, which is compiled apart from this.)
 */

/** What the executable multiplies the runtime's bounds with until compileAsUsual: see build.ts. */
export const patience = 1_000;

/** Addresses to look up in the databases after which more will come: a flood of resolvers never seen before. */
export const lookupsMany = 20_000;

/** Characters of one metric, some 200 series, from which on a scrape is worth compiling: the next will be as large. */
export const charactersMany = 20_000;

/** There is work: what runs often is compiled as soon as by any program, from now on and for good. */
export function compileAsUsual(): void {
	Bun.unsafe.setJITPolicy(1);
}
