/** Tables that this process cannot have: one line for the operator that says what mends it. */
export class EngineError extends Error {
	override readonly name = "EngineError";
}
