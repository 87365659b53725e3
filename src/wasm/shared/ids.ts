/** What both sides of the WebAssembly module's border know. */

export enum HistogramId {
	ResponseTimes,
	RoundTrips,
	SessionDurations,
	SessionBytes,
}

export enum TableId {
	Sessions,
	Remembered,
	Resolvers,
	WaitingQueries,
	Duplicates,
}
