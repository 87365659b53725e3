import type { LoadedConfig } from "../config/config.ts";
import { ConfigError } from "../config/error.ts";
import { EngineError } from "../engine/error.ts";
import { createEngine } from "../exporter/stages.ts";
import { GeoipError } from "../geoip/error.ts";
import { openDatabases } from "../geoip/geoip.ts";
import { changeableByOthers } from "../process/files.ts";
import { identityOf } from "../process/privileges.ts";
import { type CertificateFiles, invalidity, readCertificate } from "../web/certificate.ts";
import { WebError } from "../web/error.ts";
import { domainProblems, interfaceProblems, listenProblems } from "./setup.ts";

/**
 * Checks that this process can use what the configuration names, as `run` would: memory for the tables, the databases, the
 * certificate with its key, the account. Throws a ConfigError with a line for each problem. Returns warnings for the operator, a
 * line each.
 */
export async function checkConfig({ config, file }: LoadedConfig): Promise<string[]> {
	const { geoip, web, process } = config;
	const { countryDatabase: country, asnDatabase: asn } = geoip;
	const { tls } = web;
	const open = (files: { readonly country: string | null; readonly asn: string | null }) =>
		openDatabases(files, { originsMax: 1, report() {} });
	const checks: readonly (() => unknown)[] = [
		async () => {
			const none = await open({ country: null, asn: null });
			createEngine(config, [0, 0, 0, 0], () => none);
		},
		// One after the other, as both can be large; each alone, as both can be wrong.
		() => open({ country, asn: null }),
		() => open({ country: null, asn }),
		() => tls && checkCertificate(tls),
		() => identityOf(process.user),
	];
	const problems: string[] = [];
	for (const check of checks) {
		try {
			await check();
		} catch (error) {
			if (error instanceof ConfigError) problems.push(...error.problems);
			else if (error instanceof EngineError || error instanceof GeoipError || error instanceof WebError)
				problems.push(error.message);
			else throw error;
		}
	}
	if (problems.length > 0) throw new ConfigError(problems);
	const setup = [...domainProblems(config), ...interfaceProblems(config.capture), ...listenProblems(web)];
	return [...changeableByOthers(file), ...setup.map(({ problem, remedy }) => `${problem}; ${remedy}`)];
}

async function checkCertificate(tls: CertificateFiles): Promise<void> {
	const problem = invalidity(await readCertificate(tls), Date.now());
	if (problem !== null) throw new WebError(`web.tls.certificate-file ${tls.certificateFile} ${problem}`);
}
