import { expect, test } from "bun:test";
import { debianSources } from "../../src/build/debian.ts";

const mirror = "http://deb.example/debian/";

test.each([
	["the release itself", `${mirror} bookworm main`, ["bookworm"]],
	[
		"updates and security",
		`${mirror} bookworm-updates main\n${mirror} bookworm-security main`,
		["bookworm-updates", "bookworm-security"],
	],
	["nothing from other components", `${mirror} bookworm contrib\n${mirror} bookworm stable`, []],
	["nothing from other releases", `${mirror} trixie main\n${mirror} bookworm-backports main`, []],
	["nothing from others' repositories", "https://other.example/ nodistro main", []],
	["nothing from no sources", "", []],
])("a machine's sources give %s", (_, indexTargets, suites) => {
	expect(debianSources(indexTargets, "bookworm")).toEqual(suites.map((suite) => ({ uri: mirror, suite })));
});
