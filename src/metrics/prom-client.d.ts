/** prom-client's process metrics one by one; its types describe only the function that registers all at once. */
declare module "prom-client/lib/metrics/*" {
	const register: (registry: import("prom-client").Registry) => void;
	export default register;
}
