import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { WebError } from "./error.ts";

/** Where the server's identity lies, both files in PEM; the certificate first, then the chain, in one file. */
export interface CertificateFiles {
	certificateFile: string;
	keyFile: string;
}

/** A pair that belongs together, as PEM text. */
export interface Certificate {
	cert: string;
	key: string;
}

/**
 * Reads a certificate and its key, and sees that each can be read and that they belong together.
 * Throws WebError naming the file at fault.
 */
export async function readCertificate({ certificateFile, keyFile }: CertificateFiles): Promise<Certificate> {
	const [cert, key] = await Promise.all([readPem(certificateFile), readPem(keyFile)]);
	const leaf = parsed(certificateFile, "certificate", () => new X509Certificate(cert));
	const privateKey = parsed(keyFile, "unencrypted private key", () => createPrivateKey(key));
	if (!leaf.checkPrivateKey(privateKey)) {
		throw new WebError(
			`the key in ${keyFile} is not that of the first certificate in ${certificateFile}: install both from the same issue, the server's own certificate before its chain`,
		);
	}
	return { cert, key };
}

async function readPem(file: string): Promise<string> {
	try {
		return await readFile(file, "utf8");
	} catch (error) {
		const code = error instanceof Error && "code" in error ? error.code : undefined;
		if (code === "ENOENT") throw new WebError(`${file} does not exist: check the paths under web.tls`);
		if (code === "EACCES") {
			throw new WebError(`${file} cannot be read: permission denied; let the user that the exporter runs as read it`);
		}
		throw new WebError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
	}
}

function parsed<T>(file: string, what: string, parse: () => T): T {
	try {
		return parse();
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		throw new WebError(
			`${file} holds no ${what} in PEM that can be used (${reason}); see: openssl storeutl -noout -text ${file}`,
		);
	}
}
