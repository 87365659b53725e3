/** Files that are part of the executable, imported with { type: "file" }: the path to read each from. */
declare module "*.pcap" {
	const path: string;
	export default path;
}
declare module "*.mmdb" {
	const path: string;
	export default path;
}
