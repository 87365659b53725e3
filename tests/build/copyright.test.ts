import { expect, test } from "bun:test";
import { copyrightFile } from "../../src/build/copyright.ts";

test("the text has the project's licence, each component with its parts, and the licences that came with them", () => {
	const components = [
		{
			type: "platform",
			name: "bun",
			version: "1.0",
			license: "MIT",
			components: [{ type: "library", name: "icu", version: "7" }],
		},
		{ type: "library", name: "x", version: "2" },
	] as const;
	expect(copyrightFile("MIT License\n\n", components, [{ name: "x", text: "X Licence\n" }])).toBe(
		"MIT License\n\nThe executable also contains:\n\n  bun 1.0 (MIT)\n    icu 7\n  x 2\n\n---- x ----\n\nX Licence\n",
	);
});
