/** A file that the executable has inside: its path. */
declare module "*.wasm" {
	const path: string;
	export default path;
}
