/** The programs that the tests judge the exporter with. */
import type { Tool } from "../../src/build/tools.ts";

export const tools: readonly Tool[] = [
	{ program: "ip", package: "iproute2", purpose: "network namespaces, veth pairs and bridges" },
	{ program: "nft", package: "nftables", purpose: "NAT as docker sets it up" },
	{ program: "iptables", package: "iptables", purpose: "port 53 redirected to another" },
	{ program: "dnsmasq", package: "dnsmasq-base", purpose: "a forwarder before the server" },
	{ program: "sysctl", package: "procps", purpose: "forwarding between namespaces" },
	{ program: "tcpreplay", package: "tcpreplay", purpose: "sending captured frames into an interface" },
	{ program: "tcpdump", package: "tcpdump", purpose: "a second witness of what an interface carried" },
	{ program: "tshark", package: "tshark", purpose: "an independent decoder" },
	{ program: "systemd-analyze", package: "systemd", purpose: "a judge of the unit" },
	{ program: "nix-instantiate", package: "nix-bin", purpose: "the NixOS module's language" },
	{ program: "zsh", package: "zsh", purpose: "completion" },
	{ program: "fish", package: "fish", purpose: "completion" },
	{ program: "groff", package: "groff-base", purpose: "the manual page" },
	{
		program: "python3",
		package: "python3",
		purpose: "an independent count of KCP segments, and datagrams that the kernel joins",
	},
	{ program: "tmux", package: "tmux", purpose: "the terminal view" },
	{ program: "chromium", package: "chromium", purpose: "the status page in a real browser" },
	{ program: "curl", package: "curl", purpose: "HTTP requests inside a namespace" },
	{ program: "prometheus", package: "prometheus", purpose: "the real scraper, and promtool" },
	{ program: "amtool", package: "prometheus-alertmanager", purpose: "a judge of Alertmanager's configuration" },
	{ program: "htpasswd", package: "apache2-utils", purpose: "hashes of passwords, as the README makes them" },
	{ program: "openssl", package: "openssl", purpose: "certificates" },
];
