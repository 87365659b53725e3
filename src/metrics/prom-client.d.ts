/** The process metrics of prom-client one by one; its types describe only all of them together. */
declare module "prom-client/lib/metrics/*" {
	const register: (registry: import("prom-client").Registry) => void;
	export default register;
}
