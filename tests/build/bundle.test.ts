import { expect, test } from "bun:test";
import { pageInputs } from "../../src/build/bundle.ts";
import { bundledPackages } from "../../src/build/sbom.ts";

test("the status page's script and styles are bundled from files of the project and of one package", async () => {
	const inputs = await pageInputs();
	expect(bundledPackages(inputs)).toEqual(["node_modules/uplot"]);
	for (const own of ["page.ts", "page.css", "charts.ts"]) expect(inputs).toContain(`src/web/page/browser/${own}`);
	expect(inputs.filter((input) => input.startsWith("node_modules/"))).toEqual([
		"node_modules/uplot/dist/uPlot.esm.js",
		"node_modules/uplot/dist/uPlot.min.css",
	]);
});
