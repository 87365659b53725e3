/** Why a command does not read standard input when that is a terminal. */
export function stdinIsTerminal(command: "inspect" | "discover"): string {
	const filter = command === "inspect" ? "udp port 53" : "udp";
	return `standard input is a terminal: expected a capture from a pipe, as from tcpdump -w - ${filter} | dnstt_exporter ${command} -`;
}
