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
	expect(copyrightFile("MIT License\n\n", components, [{ name: "x", text: "X Licence\n" }], false)).toBe(
		"MIT License\n\nThe executable also contains:\n\n  bun 1.0 (MIT)\n    icu 7\n  x 2\n\n---- x ----\n\nX Licence\n",
	);
});

test.each([
	["its holder", "   Copyright 2015 A Holder", "Copyright 2015 A Holder\n\n"],
	["nothing of a holder that it does not name", "   Copyright [yyyy] [name of copyright owner]", ""],
])("of the Apache License, whose text Debian has, its packages have only the reference and %s", (_, line, holder) => {
	const text = `\n   Apache License\n   Version 2.0, January 2004\n\n   "You" shall mean ...\n\n${line}\n\n   Licensed under ...\n`;
	expect(copyrightFile("MIT\n", [], [{ name: "x", text }], false)).toEndWith(`---- x ----\n\n${text.trim()}\n`);
	expect(copyrightFile("MIT\n", [], [{ name: "x", text }], true)).toEndWith(
		`---- x ----\n\n${holder}Apache License, Version 2.0: /usr/share/common-licenses/Apache-2.0\n`,
	);
});

test("every line ends with a line feed alone, whatever a licence came with", () => {
	expect(copyrightFile("MIT\n", [], [{ name: "x", text: "one\r\ntwo\r\n" }], false)).toEndWith("\none\ntwo\n");
});
