/** The path of a file inside the executable. */
declare module "*.wasm" {
	const path: string;
	export default path;
}
