/** Numbers that name a histogram or a table at the border of the WebAssembly module. */

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
