import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CertificateFiles, invalidity, readCertificate } from "../../src/web/certificate.ts";
import { WebError } from "../../src/web/error.ts";
import { makeCertificate, makeFolder } from "./certificates.ts";

const { folder, remove } = makeFolder();
let one: CertificateFiles;
let two: CertificateFiles;
beforeAll(async () => {
	[one, two] = await Promise.all([makeCertificate(folder, "one"), makeCertificate(folder, "two")]);
	writeFileSync(join(folder, "junk"), "junk");
	writeFileSync(join(folder, "empty"), "");
	const chain = (await Bun.file(one.certificateFile).text()) + (await Bun.file(two.certificateFile).text());
	writeFileSync(join(folder, "chain"), chain);
	const locked = Bun.spawnSync([
		"openssl",
		"ec",
		"-in",
		one.keyFile,
		"-aes256",
		"-passout",
		"pass:x",
		"-out",
		join(folder, "locked"),
	]);
	expect(locked.exitCode).toBe(0);
});
afterAll(remove);

describe("a certificate's time", () => {
	const [from, to] = [Date.UTC(2026, 0, 2), Date.UTC(2026, 2, 4)];
	const of = (nowMs: number) => invalidity({ cert: "", key: "", validFromMs: from, validToMs: to }, nowMs);
	test.each([
		["its first moment is good", from, null],
		["its last moment is good", to, null],
		["before is told", from - 1, /^is valid from 2026-01-02 on, .* see whether this host's clock is right$/],
		["after is told", to + 1, /^is valid up to 2026-03-04, .* issue a new one$/],
	])("%s", (_, nowMs, said) => {
		if (said === null) expect(of(nowMs)).toBeNull();
		else expect(of(nowMs)).toMatch(said);
	});

	test("is read from the file", async () => {
		const { validFromMs, validToMs } = await readCertificate(one);
		expect(validToMs - validFromMs).toBe(2 * 24 * 3_600_000);
		expect(Math.abs(Date.now() - validFromMs)).toBeLessThan(60_000);
	});
});

describe("readCertificate", () => {
	test("reads a pair", async () => {
		const { cert, key } = await readCertificate(one);
		expect(cert).toBe(await Bun.file(one.certificateFile).text());
		expect(key).toBe(await Bun.file(one.keyFile).text());
	});

	test("takes a chain whose first certificate is the key's", async () => {
		expect((await readCertificate({ ...one, certificateFile: join(folder, "chain") })).cert).toContain(
			"END CERTIFICATE",
		);
	});

	const bad: [string, () => CertificateFiles, string, string][] = [
		[
			"a certificate that does not exist",
			() => ({ ...one, certificateFile: join(folder, "none") }),
			"none does not exist; check the path",
			"certificate-file",
		],
		[
			"a key that does not exist",
			() => ({ ...one, keyFile: join(folder, "none") }),
			"none does not exist; check the path",
			"key-file",
		],
		["a folder", () => ({ ...one, keyFile: folder }), "is a folder; name the file in it", "key-file"],
		[
			"a certificate that is none",
			() => ({ ...one, certificateFile: join(folder, "junk") }),
			"junk holds no certificate",
			"certificate-file",
		],
		[
			"an empty certificate",
			() => ({ ...one, certificateFile: join(folder, "empty") }),
			"empty holds no certificate",
			"certificate-file",
		],
		[
			"a key that is none",
			() => ({ ...one, keyFile: join(folder, "junk") }),
			"junk holds no unencrypted private key",
			"key-file",
		],
		[
			"an encrypted key",
			() => ({ ...one, keyFile: join(folder, "locked") }),
			"locked holds no unencrypted private key",
			"key-file",
		],
		[
			"the two files swapped",
			() => ({ certificateFile: one.keyFile, keyFile: one.certificateFile }),
			"one.key holds no certificate",
			"certificate-file",
		],
		[
			"another certificate's key",
			() => ({ ...one, keyFile: two.keyFile }),
			"is not that of the first certificate in web.tls.certificate-file",
			"key-file",
		],
		[
			"a chain in the wrong order",
			() => ({ ...two, certificateFile: join(folder, "chain") }),
			"is not that of the first",
			"key-file",
		],
	];
	test.each(bad)("refuses %s in one line with its key", async (_title, files, expected, key) => {
		const error = await readCertificate(files()).catch((caught: unknown) => caught);
		expect(error).toBeInstanceOf(WebError);
		expect((error as WebError).message).toStartWith(`web.tls.${key} /`);
		expect(String(error)).toContain(expected);
		expect(String(error)).not.toContain("\n");
	});
});
