import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CertificateFiles } from "../../src/web/certificate.ts";

/** A new folder for a test's files, and how to remove it. */
export function makeFolder() {
	const folder = mkdtempSync(join(tmpdir(), "dnstt-exporter-web-"));
	return { folder, remove: () => rmSync(folder, { recursive: true }) };
}

const ofCurve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];

/** Makes a self-signed certificate and its key in the folder, with openssl. */
export async function makeCertificate(folder: string, name: string, newKey = ofCurve): Promise<CertificateFiles> {
	const certificateFile = join(folder, `${name}.crt`);
	const keyFile = join(folder, `${name}.key`);
	const made = Bun.spawn(
		["openssl", "req", "-x509", ...newKey, "-nodes", "-days", "2"].concat([
			"-keyout",
			keyFile,
			"-out",
			certificateFile,
			"-subj",
			`/CN=${name}`,
			"-addext",
			"subjectAltName=IP:127.0.0.1",
		]),
		{ stdout: "ignore", stderr: "pipe" },
	);
	if ((await made.exited) !== 0) throw new Error(`openssl: ${await made.stderr.text()}`);
	return { certificateFile, keyFile };
}

/** The same for one that ended a day before it was made. */
export async function makeExpiredCertificate(folder: string, name: string): Promise<CertificateFiles> {
	const files = await makeCertificate(folder, name);
	await renewCertificate(files, -1);
	return files;
}

/** Makes a new certificate in the place of the old one, with its key, for this number of days. */
export async function renewCertificate({ certificateFile, keyFile }: CertificateFiles, days: number): Promise<void> {
	const words = ["x509", "-in", certificateFile, "-signkey", keyFile, "-days", String(days), "-out", certificateFile];
	const made = Bun.spawn(["openssl", ...words], { stdout: "ignore", stderr: "pipe" });
	if ((await made.exited) !== 0) throw new Error(`openssl: ${await made.stderr.text()}`);
}
