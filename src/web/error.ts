/**
 * What an operator has to mend before the web side can work: an address that cannot be bound, a certificate that cannot
 * be used, a password hash that is none. The message is one line that says what happened, why, and what mends it.
 */
export class WebError extends Error {
	override name = "WebError";
}
