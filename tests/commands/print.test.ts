import { expect, test } from "bun:test";
import { type Printable, printables } from "../../src/cli.ts";
import { printed } from "../../src/commands/print.ts";
import { configJsonSchema } from "../../src/config.ts";

test("the configuration's schema is printed as JSON that ends with a line feed", async () => {
	const text = await printed("config-schema");
	expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
	expect(text).toEndWith("}\n");
});

test.each(Object.keys(printables) as Printable[])("%s is a text that ends with one line feed", async (what) => {
	expect(await printed(what)).toMatch(/\S\n$/);
});
