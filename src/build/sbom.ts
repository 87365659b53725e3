/** What is inside the executables, as a CycloneDX 1.6 document (ECMA-424). */

/** One thing that somebody else made. */
export interface Component {
	readonly type: "library" | "platform";
	readonly name: string;
	readonly version: string;
	/** An SPDX expression; left out where it is not known for sure. */
	readonly license?: string;
	/** Package URL (purl-spec). */
	readonly purl?: string;
	/** As npm states it: "sha512-BASE64". */
	readonly integrity?: string;
	/** What that thing states that it contains in turn, which may not be all. */
	readonly components?: readonly Component[];
}

export interface Contents {
	readonly name: string;
	readonly version: string;
	readonly license: string;
	/** ISO 8601: that of the commit, so that the document is the same each time. */
	readonly timestamp?: string;
	/** The files of the release that this describes: each contains all components. */
	readonly files: readonly { readonly name: string; readonly sha256: string }[];
	readonly components: readonly Component[];
}

/** Package URL of an npm package; the @ of a scope is escaped. */
export function npmPurl(name: string, version: string): string {
	return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

/** The folders of the npm packages, sorted, that bundled files belong to: all are paths from the project's folder on. */
export function bundledPackages(inputs: readonly string[]): string[] {
	const folders = inputs.flatMap((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0] ?? []);
	return [...new Set(folders)].sort();
}

/** SPDX expressions name several licences with an operator between them (SPDX specification 2.3, annex D); other texts are names. */
function licenseChoice(license: string): object {
	if (/ (?:AND|OR|WITH) /.test(license)) return { expression: license };
	return { license: /^[\w.+-]+$/.test(license) ? { id: license } : { name: license } };
}

function refOf({ name, version, purl }: Component): string {
	return purl ?? `${name}@${version}`;
}

function componentOf(component: Component): object {
	const { type, name, version, license, purl, integrity, components } = component;
	const [, digest] = /^sha512-(.+)$/.exec(integrity ?? "") ?? [];
	return {
		type,
		"bom-ref": refOf(component),
		name,
		version,
		...(digest && { hashes: [{ alg: "SHA-512", content: Buffer.from(digest, "base64").toString("hex") }] }),
		...(license && { licenses: [licenseChoice(license)] }),
		...(purl && { purl }),
		...(components && { components: components.map(componentOf) }),
	};
}

/** The document, without a serial number: that would be another each time. */
export function sbom({ name, version, license, timestamp, files, components }: Contents): object {
	const self = `${name}@${version}`;
	const application = {
		...{ type: "application", "bom-ref": self, name, version, licenses: [licenseChoice(license)] },
		components: files.map((file) => ({
			...{ type: "file", "bom-ref": file.name, name: file.name },
			hashes: [{ alg: "SHA-256", content: file.sha256 }],
		})),
	};
	return {
		$schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
		bomFormat: "CycloneDX",
		specVersion: "1.6",
		version: 1,
		metadata: { ...(timestamp && { timestamp }), component: application },
		components: components.map(componentOf),
		dependencies: [{ ref: self, dependsOn: components.map(refOf) }],
		compositions: [
			{ aggregate: "incomplete", assemblies: components.filter(({ components: parts }) => parts).map(refOf) },
		],
	};
}
