/** What both sides of the WebAssembly module's border know. */

/** Length of the header in front of each frame of a batch; FrameBatch in capture/source.ts has its layout. */
export const recordHeaderBytes: u32 = 16;

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
	Answers,
	Doubles,
}
