/** What each figure is called, on the status page, in `top` and in `inspect`'s report. */
export const titles = {
	activeClients: "Active clients",
	/** The same in a column. */
	active: "Active",
	peak: "Peak",
	queries: "Queries",
	queryRate: "Queries/s",
	received: "Received",
	sent: "Sent",
	sessions: "Sessions",
	refused: "Refused",
	responses: "Responses",
	roundTrip: "Round trip",
	responseTime: "Response time",
	retransmitted: "Retransmitted",
	unanswered: "Unanswered",
	overhead: "Overhead",
	smallEdns: "Small EDNS",
} as const;

/** What groups of figures are called. */
export const sectionTitles = {
	domains: "Domains",
	countries: "Countries",
	asns: "Networks",
	health: "Tunnel health",
	capture: "Capture",
	conditions: "Conditions",
} as const;
