/** Why an exporter could not be asked: one line for the operator, with what to do. */
export class TopError extends Error {
	override readonly name = "TopError";
}
