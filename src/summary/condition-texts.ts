/** Every condition that can be wrong with a tunnel or its exporter: README's table, the page, `top`, the log and `inspect` have these texts. */

/** The worst first. */
export const severities = ["critical", "warning", "info"] as const;
export type Severity = (typeof severities)[number];

interface ConditionText {
	readonly severity: Severity;
	/** What it is, as a heading. */
	readonly title: string;
	/** What to do. */
	readonly remedy: string;
}

/** In the order in which those of one severity are listed. */
export const conditionTexts = {
	capture_closed: {
		severity: "critical",
		title: "The capture is closed",
		remedy: "Nothing is counted until it is reopened, which is tried every few seconds: see `ip -brief link`.",
	},
	server_silent: {
		severity: "critical",
		title: "The server does not respond",
		remedy: "See whether dnstt-server runs, and what it logs; restart it.",
	},
	queries_only: {
		severity: "critical",
		title: "No response was ever captured",
		remedy:
			"The server is down, or its responses take another way: capture on `any`, or where both directions pass; see `ss -ulpn` for the server.",
	},
	responses_only: {
		severity: "critical",
		title: "Only responses are captured",
		remedy: "Queries take another way: capture on `any`, or where both directions pass.",
	},
	other_tunnel: {
		severity: "critical",
		title: "The traffic is of another tunnel",
		remedy: "Set the flags that the sentence names.",
	},
	parent_domain: {
		severity: "warning",
		title: "The domain is not the tunnel's, but its parent",
		remedy:
			"Set the domain that the sentence names, as on the server's command line: until then queries count as refused, or with wrong packets.",
	},
	packets_cut: {
		severity: "warning",
		title: "Packets are not whole",
		remedy: "They were cut when they were captured: capture all of each, as tcpdump does with `-s 0`.",
	},
	time_went_back: {
		severity: "warning",
		title: "Time stamps go back",
		remedy:
			"Captures of the same time are read as one, or a clock was set; active clients, times and retransmissions are wrong from there on: read such captures one at a time.",
	},
	time_went_forward: {
		severity: "warning",
		title: "Time stamps skip time",
		remedy:
			"A clock was set: durations and active clients are wrong across such a step, and the first round trips after it are left out.",
	},
	no_queries: {
		severity: "warning",
		title: "Queries have stopped",
		remedy:
			"See whether clients still connect, whether the domain is still delegated to this host (`dig +trace NS DOMAIN`), and whether something blocks it.",
	},
	unanswered: {
		severity: "warning",
		title: "Queries stay without a response",
		remedy: "The server is overloaded or was down, or its responses do not pass where this is captured.",
	},
	formerr: {
		severity: "warning",
		title: "The server refuses queries with FORMERR",
		remedy:
			"It does so when a resolver takes less than its `-mtu` (1,232 bytes unless set): a smaller `-mtu` at the server, or another resolver, lets them through.",
	},
	mtu_mismatch: {
		severity: "warning",
		title: "The server's -mtu is not the configured one",
		remedy:
			"Set `dnstt.mtu` (`vaydns.mtu`) to the value that the sentence names: until then some clients do not count.",
	},
	small_edns: {
		severity: "warning",
		title: "Resolvers take too small responses",
		remedy: "The server refuses these queries: clients there need another resolver, or the server a smaller `-mtu`.",
	},
	truncated: {
		severity: "warning",
		title: "Responses are truncated",
		remedy:
			"What did not fit is lost and retransmitted: the server's `-mtu` is too small, or something between server and resolver truncates.",
	},
	slow_responses: {
		severity: "warning",
		title: "The server delays responses",
		remedy: "What the server forwards to is slow, or the host is overloaded.",
	},
	slow_round_trips: {
		severity: "warning",
		title: "Round trips are slow",
		remedy: "The resolvers are far, slow, or limit the rate of queries: another resolver may be faster.",
	},
	retransmissions: {
		severity: "warning",
		title: "Many segments are retransmitted",
		remedy:
			"Packets are lost, or wait too long for a query to carry them, as when resolvers limit the rate; a path without loss shows up to 24 %, and 46 % with A records.",
	},
	packets_dropped: {
		severity: "warning",
		title: "Packets are lost before they are counted",
		remedy: "By the kernel: raise `capture.buffer-size`. By the interface: see to the network card or its driver.",
	},
	tables_full: {
		severity: "warning",
		title: "A table is full",
		remedy:
			"What was evicted counts as new when it returns: raise `session.max-tracked`, or look for a flood of forged queries.",
	},
	label_sets_full: {
		severity: "warning",
		title: "The label sets are at their limit",
		remedy: "New networks count as `other`: raise `labels.max-sets`, or look for a flood of spoofed addresses.",
	},
	certificate: {
		severity: "warning",
		title: "The certificate expires soon or is not valid",
		remedy: "Issue a new one to the same files: it is taken up by itself.",
	},
	geoip_old: {
		severity: "warning",
		title: "A GeoIP database is old",
		remedy: "Download a new one to the same file: it is taken up by itself.",
	},
	nothing_yet: {
		severity: "info",
		title: "No tunnel traffic yet",
		remedy:
			"Compare `dnstt.domain`, `dnstt.port` and `capture.interface` with how dnstt-server was started; see whether it listens (`ss -ulpn`) and whether the domain is delegated to this host (`dig +trace NS DOMAIN`).",
	},
	no_clients: {
		severity: "info",
		title: "No client is connected",
		remedy:
			"That is normal of a tunnel of a few people. If one of them cannot connect, see whether the domain is still delegated to this host (`dig +trace NS DOMAIN`), and whether something blocks it.",
	},
} as const satisfies Record<string, ConditionText>;

export type ConditionId = keyof typeof conditionTexts;
