import { expect, test } from "bun:test";
import { printed } from "../../src/commands/print.ts";
import { configJsonSchema } from "../../src/config.ts";

test("the configuration's schema is printed as JSON that ends with a line feed", () => {
	const text = printed("config-schema");
	expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
	expect(text).toEndWith("}\n");
});
