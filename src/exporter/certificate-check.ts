/** Warns of a certificate that clients refuse, or soon will. */

import type { Logger } from "../log.ts";
import { type Certificate, invalidity } from "../web/certificate.ts";

/** Programs that renew certificates do so a month before the end: with a week left, renewal has failed. */
const renewalMs = 7 * 24 * 3_600_000;

/** Returns a check of the certificate at `nowMs` (since 1970) that logs each problem once; `file` is only named in the log. */
export function createCertificateCheck(log: Logger, file: string): (certificate: Certificate, nowMs: number) => void {
	let reported: string | null = null;
	return (certificate, nowMs) => {
		const invalid = invalidity(certificate, nowMs);
		const problem = invalid ?? invalidity(certificate, nowMs + renewalMs);
		const message = invalid === null ? "certificate expires soon" : "certificate is not valid";
		const line = problem === null ? null : `${message}: ${problem}`;
		if (problem !== null && line !== reported) log.warn(message, { file, problem });
		reported = line;
	};
}
