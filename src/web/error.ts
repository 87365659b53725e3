/**
 * What an operator has to fix before the web side can work: an address that cannot be bound, a certificate that cannot
 * be used, an invalid password hash. The message is one line that says what happened, why, and what fixes it.
 */
export class WebError extends Error {
	override name = "WebError";
}
