/** A database that cannot be used: one line for the operator that names the file, what is wrong and what fixes it. */
export class GeoipError extends Error {
	override readonly name = "GeoipError";
}
