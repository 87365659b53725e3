/** Detects a certificate that clients refuse, or soon will. */

import { type Certificate, invalidity } from "../web/certificate.ts";

/** Programs that renew certificates do so a month before the end: with a week left, renewal has failed. */
const renewalMs = 7 * 24 * 3_600_000;

/** What is wrong with a certificate at `nowMs` (since 1970), or will be within a week; null for nothing. */
export function certificateProblem(certificate: Certificate, file: string, nowMs: number): string | null {
	const problem = invalidity(certificate, nowMs) ?? invalidity(certificate, nowMs + renewalMs);
	return problem === null ? null : `${file} ${problem}.`;
}
