/**
 * Lines after "no domain given": what someone can try who runs the program for the first time. `mayCapture` is whether this process
 * has the privilege to.
 */
export function firstSteps(mayCapture: boolean): readonly string[] {
	const discover = `${mayCapture ? "" : "sudo "}dnstt_exporter discover`;
	return [
		`to find the tunnels of this host: ${discover}; to see the exporter at work without one: dnstt_exporter demo`,
		"for commands and flags see: dnstt_exporter --help",
	];
}
