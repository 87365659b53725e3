/** A capture that is part of the executable, imported with { type: "file" }: the path to read it from. */
declare module "*.pcap" {
	const path: string;
	export default path;
}
