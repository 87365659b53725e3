/** This process cannot allocate the tables. The message is one line for the operator, with the remedy. */
export class EngineError extends Error {
	override readonly name = "EngineError";
}
