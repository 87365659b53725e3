/** Parts of prom-client by themselves; its types describe only the whole. */

declare module "prom-client/lib/registry" {
	const Registry: typeof import("prom-client").Registry;
	export default Registry;
}

/** The process metrics one by one, not all at once. */
declare module "prom-client/lib/metrics/*" {
	const register: (registry: import("prom-client").Registry) => void;
	export default register;
}
