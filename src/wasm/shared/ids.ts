/** What both sides of the WebAssembly module's border know. */

export enum HistogramId {
	AnswerTimes,
	RoundTrips,
	Lives,
	Volumes,
}

export enum TableId {
	Sessions,
	Remembered,
	Resolvers,
	WaitingQueries,
	Duplicates,
}
