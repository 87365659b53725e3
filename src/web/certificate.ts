import { readFile } from "node:fs/promises";
import { describeReadError } from "../read-error.ts";
import { WebError } from "./error.ts";

/** The server's certificate with its chain in one file, the certificate first, and the key. Both are PEM. */
export interface CertificateFiles {
	certificateFile: string;
	keyFile: string;
}

/** A pair that belongs together, as PEM text, and when the certificate is valid: milliseconds since 1970, both ends included. */
export interface Certificate {
	cert: string;
	key: string;
	validFromMs: number;
	validToMs: number;
}

/** What is wrong with a certificate that is not valid at `nowMs`, in words that follow the file's name; null if it is valid. */
export function invalidity({ validFromMs, validToMs }: Certificate, nowMs: number): string | null {
	if (nowMs >= validFromMs && nowMs <= validToMs) return null;
	const [from, to] = [validFromMs, validToMs].map((timeMs) => new Date(timeMs).toISOString().slice(0, 10));
	return nowMs < validFromMs
		? `is valid from ${from} on, and clients refuse it before: see whether this host's clock is right`
		: `is valid up to ${to}, and clients refuse it after: issue a new one`;
}

/**
 * Reads a certificate and its key, and sees that each can be read and that they belong together.
 * Throws WebError naming the key of the configuration and the file at fault.
 */
export async function readCertificate({ certificateFile, keyFile }: CertificateFiles): Promise<Certificate> {
	const { createPrivateKey, X509Certificate } = await import("node:crypto");
	const certificateName = `web.tls.certificate-file ${certificateFile}`;
	const keyName = `web.tls.key-file ${keyFile}`;
	const cert = await readPem(certificateName, certificateFile);
	const key = await readPem(keyName, keyFile);
	const leaf = parsed(certificateName, certificateFile, "certificate", () => new X509Certificate(cert));
	const privateKey = parsed(keyName, keyFile, "unencrypted private key", () => createPrivateKey(key));
	if (!leaf.checkPrivateKey(privateKey)) {
		throw new WebError(
			`${keyName} holds a key that is not that of the first certificate in ${certificateName}: install both from the same issue, the server's own certificate before its chain`,
		);
	}
	const { validFrom, validTo } = leaf;
	return { cert, key, validFromMs: Date.parse(validFrom), validToMs: Date.parse(validTo) };
}

async function readPem(name: string, file: string): Promise<string> {
	try {
		return await readFile(file, "utf8");
	} catch (error) {
		throw new WebError(`${name} ${describeReadError(file, error)}`);
	}
}

function parsed<T>(name: string, file: string, what: string, parse: () => T): T {
	try {
		return parse();
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		throw new WebError(
			`${name} holds no ${what} in PEM that can be used (${reason}); see: openssl storeutl -noout -text ${file}`,
		);
	}
}
