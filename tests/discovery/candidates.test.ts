import { expect, test } from "bun:test";
import { Candidates, candidatesMax } from "../../src/discovery/candidates.ts";
import { Lookalike } from "../../src/wasm/shared/fault.ts";

const sighting = (domain: string) => ({
	...{ lookalike: Lookalike.Dnstt, recordType: 16, domain, port: 53, interfaceIndex: 0 },
});

test("candidates are counted, the most seen first, apart by port, interface and format", () => {
	const candidates = new Candidates();
	const one = sighting("a.example");
	const others = [
		{ ...one, port: 54 },
		{ ...one, interfaceIndex: 3 },
		{ ...one, recordType: 1 },
		{ ...one, lookalike: 4 },
	];
	for (const each of [...others, one, one]) candidates.add(each);
	expect(candidates.list()).toEqual([{ ...one, count: 2 }, ...others.map((other) => ({ ...other, count: 1 }))]);
});

test("there is room for 256; then the one that was seen least goes, whatever number of names is made up", () => {
	const candidates = new Candidates();
	for (let count = 0; count < 2; count++) candidates.add(sighting("t.example"));
	for (let index = 0; index < candidatesMax - 1; index++) candidates.add(sighting(`made-up-${index}.example`));
	expect(candidates.list()).toHaveLength(candidatesMax);
	for (let index = 0; index < 1_000; index++) candidates.add(sighting(`more-${index}.example`));
	expect(candidates.list()).toHaveLength(candidatesMax);
	expect(candidates.list()[0]).toMatchObject({ domain: "t.example", count: 2 });
});
