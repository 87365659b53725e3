import { expect, test } from "bun:test";
import { resolve } from "node:path";
import { type Printable, printables } from "../../src/cli/commands.ts";
import { printed } from "../../src/commands/print.ts";
import { configJsonSchema } from "../../src/config/jsonschema.ts";
import { exporterCommand } from "../support/exporter.ts";
import { runCommand } from "../support/process.ts";

test("the configuration's schema is printed as JSON that ends with a line feed", async () => {
	const text = await printed("config-schema");
	expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
	expect(text).toEndWith("}\n");
});

test.each(Object.keys(printables) as Printable[])("%s is a text that ends with one line feed", async (what) => {
	expect(await printed(what)).toMatch(/\S\n$/);
});

test.each(Object.keys(printables) as Printable[])(
	"the executable prints %s whole, to a reader that is slow",
	async (what) => {
		const slow = ["sh", "-c", '"$@" | { sleep 0.2; cat; }', "sh", ...exporterCommand(), "print", what];
		expect(await runCommand(slow)).toEqual({ code: 0, stdout: await printed(what), stderr: "" });
	},
);

test("what makes the texts is loaded only when one is printed: no other command waits for it", async () => {
	const source = await Bun.file(resolve(import.meta.dir, "../../src/commands/print.ts")).text();
	expect(source.match(/^import .*assets/gm)).toBeNull();
});
