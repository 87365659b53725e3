import { describe, expect, test } from "bun:test";
import { bundledPackages, npmPurl, sbom } from "../../src/build/sbom.ts";

test.each([
	["zod", "4.6.7", "pkg:npm/zod@4.6.7"],
	["@maxmind/geoip2-node", "7.1.0", "pkg:npm/%40maxmind/geoip2-node@7.1.0"],
])("the package URL of %s %s is %s", (name, version, purl) => {
	expect(npmPurl(name, version)).toBe(purl);
});

test.each([
	["files of the project", ["src/main.ts", "src/cap.node"], []],
	["a package", ["node_modules/zod/v4/index.js", "node_modules/zod/package.json"], ["node_modules/zod"]],
	["a package with a scope", ["node_modules/@a/b/c.js"], ["node_modules/@a/b"]],
	["a package inside another's folder", ["node_modules/a/node_modules/b/c.js"], ["node_modules/a/node_modules/b"]],
	["several, in order", ["node_modules/b/x.js", "node_modules/a/x.js"], ["node_modules/a", "node_modules/b"]],
	["a file that lies in no package", ["node_modules/readme"], []],
])("bundled files give the folders of their packages: %s", (_, inputs, folders) => {
	expect(bundledPackages(inputs)).toEqual(folders);
});

describe("the document", () => {
	const digest = Buffer.alloc(64, 0xab);
	const contents = {
		name: "exporter",
		version: "1.0.0",
		license: "MIT",
		timestamp: "2026-01-02T03:04:05Z",
		files: [{ name: "exporter-linux", sha256: "cd".repeat(32) }],
		components: [
			{
				...({ type: "library", name: "a", version: "2.0.0", license: "Apache-2.0", purl: "pkg:npm/a@2.0.0" } as const),
				integrity: `sha512-${digest.toString("base64")}`,
			},
			{
				type: "platform",
				name: "b",
				version: "3",
				components: [{ type: "library", name: "c", version: "4" }],
			} as const,
		],
	};

	test("names its format, the application and each component with licence, hash and parts", () => {
		expect(sbom(contents)).toEqual({
			$schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
			bomFormat: "CycloneDX",
			specVersion: "1.6",
			version: 1,
			metadata: {
				timestamp: "2026-01-02T03:04:05Z",
				component: {
					...{ type: "application", "bom-ref": "exporter@1.0.0", name: "exporter", version: "1.0.0" },
					licenses: [{ license: { id: "MIT" } }],
					components: [
						{
							...{ type: "file", "bom-ref": "exporter-linux", name: "exporter-linux" },
							hashes: [{ alg: "SHA-256", content: "cd".repeat(32) }],
						},
					],
				},
			},
			components: [
				{
					...{ type: "library", "bom-ref": "pkg:npm/a@2.0.0", name: "a", version: "2.0.0", purl: "pkg:npm/a@2.0.0" },
					hashes: [{ alg: "SHA-512", content: "ab".repeat(64) }],
					licenses: [{ license: { id: "Apache-2.0" } }],
				},
				{
					...{ type: "platform", "bom-ref": "b@3", name: "b", version: "3" },
					components: [{ type: "library", "bom-ref": "c@4", name: "c", version: "4" }],
				},
			],
			dependencies: [{ ref: "exporter@1.0.0", dependsOn: ["pkg:npm/a@2.0.0", "b@3"] }],
			compositions: [{ aggregate: "incomplete", assemblies: ["b@3"] }],
		});
	});

	test.each([
		["MIT", { license: { id: "MIT" } }],
		["MIT OR Apache-2.0", { expression: "MIT OR Apache-2.0" }],
		["See LICENSE.txt", { license: { name: "See LICENSE.txt" } }],
	])("has the licence %s as %o", (license, choice) => {
		expect(sbom({ ...contents, license })).toMatchObject({ metadata: { component: { licenses: [choice] } } });
	});

	test("has no time where none is known", () => {
		const { timestamp, ...timeless } = contents;
		expect(JSON.stringify(sbom(timeless))).not.toContain("timestamp");
	});
});
