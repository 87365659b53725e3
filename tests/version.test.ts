import { expect, test } from "bun:test";
import packageJson from "../package.json";
import { revision, version } from "../src/version.ts";

test("the version is the package's", () => {
	expect(version).toBe(packageJson.version);
	expect(version).toMatch(/^\d+\.\d+\.\d+$/);
});

test("run from source, the revision is said to be unknown", () => {
	expect(revision).toBe("unknown");
});
