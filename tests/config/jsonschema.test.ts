import { describe, expect, test } from "bun:test";
import { configJsonSchema } from "../../src/config/jsonschema.ts";
import { configKeys } from "../../src/config/keys.ts";

describe("configJsonSchema", () => {
	const schema = configJsonSchema() as { $schema: string; properties: Record<string, Node> };
	interface Node {
		description?: string;
		default?: unknown;
		anyOf?: Node[];
		properties?: Record<string, Node>;
	}
	test("is draft 2020-12 and takes $schema", () => {
		expect(schema.$schema).toBe("https://json-schema.org/draft/2020-12/schema");
		expect(Object.keys(schema.properties)).toContain("$schema");
	});

	test.each(configKeys.map((key) => [key.name, key] as const))("describes %s and gives its default", (_name, key) => {
		let node: Node | undefined = { properties: schema.properties };
		for (const part of key.path) {
			const holder: Node | undefined = node?.properties ? node : node?.anyOf?.find(({ properties }) => properties);
			node = holder?.properties?.[part];
		}
		expect(node?.description).toBe(key.description);
		// The two files of TLS have no default: their section is null.
		if (!key.name.startsWith("web.tls.")) expect(node?.default).toEqual(key.default as never);
	});
});
