import { describe, expect, test } from "bun:test";
import {
	diagnoseParent,
	diagnoseTunnel,
	type LookalikeFigures,
	type TunnelFigures,
} from "../../src/summary/lookalike.ts";

const vaydns: TunnelFigures = { wire: "vaydns", record_type: "a", clientid_size: 2 };

function sentence(figures: Partial<LookalikeFigures>): string | null {
	return diagnoseTunnel("v.example.com", {
		...{
			fitting_queries: 0,
			other_queries: 10,
			other: vaydns,
			labelled_queries: 0,
			labelled: null,
			answered_queries: 0,
			answered_refused_queries: 0,
		},
		...figures,
	});
}

describe("traffic of another tunnel", () => {
	test.each<[title: string, figures: Partial<LookalikeFigures>, isReported: boolean]>([
		["ten queries of it are enough", {}, true],
		["nine are not", { other_queries: 9 }, false],
		["none are not", { other_queries: 0, other: null }, false],
		["one query in ten may fit", { other_queries: 90, fitting_queries: 10 }, true],
		["more may not", { other_queries: 90, fitting_queries: 11 }, false],
		[
			"unless the server answers what counts as refused, and not what counts",
			{ other_queries: 90, fitting_queries: 50, answered_queries: 10, answered_refused_queries: 90 },
			true,
		],
		[
			"which one answer in ten may contradict, not more",
			{ other_queries: 90, fitting_queries: 50, answered_queries: 11, answered_refused_queries: 90 },
			false,
		],
		["nine answers do not show it", { other_queries: 90, fitting_queries: 50, answered_refused_queries: 9 }, false],
	])("%s", (_, figures, isReported) => {
		expect(sentence(figures) !== null).toBe(isReported);
	});

	test.each<[title: string, other: TunnelFigures, start: string]>([
		[
			"another record type",
			vaydns,
			"VayDNS with record type a and ids of 2 bytes: --vaydns.domain v.example.com --vaydns.record-type a. 10 of 10 queries",
		],
		[
			"what the defaults are",
			{ ...vaydns, record_type: "txt" },
			"VayDNS with record type txt and ids of 2 bytes: --vaydns.domain v.example.com. 10 of 10 queries",
		],
		[
			"another id size",
			{ ...vaydns, record_type: "txt", clientid_size: 1 },
			"VayDNS with record type txt and ids of 1 byte: --vaydns.domain v.example.com --vaydns.clientid-size 1. ",
		],
		["dnstt", { wire: "dnstt", record_type: "txt", clientid_size: 8 }, "dnstt: --dnstt.domain v.example.com. "],
	])("%s is named with the flags that fit", (_, other, start) => {
		expect(sentence({ other })).toStartWith(`v.example.com looks like ${start}`);
	});

	test("the server's answers to what counts as refused are told", () => {
		expect(sentence({ answered_refused_queries: 1 })).toEndWith(
			"are of such a tunnel, and the server answers queries that count as refused without an error, so it did not refuse them.",
		);
		expect(sentence({})).toEndWith("10 of 10 queries that carry data are of such a tunnel.");
	});
});

describe("the parent of a tunnel's domain", () => {
	const labelled = { label: "t", ...vaydns, record_type: "txt" } as const;
	const parent = (figures: Partial<LookalikeFigures>) =>
		diagnoseParent("example.com", {
			...{ fitting_queries: 0, other_queries: 0, other: null, labelled_queries: 10, labelled },
			...{ answered_queries: 0, answered_refused_queries: 0, ...figures },
		});

	test.each<[title: string, figures: Partial<LookalikeFigures>, isReported: boolean]>([
		["ten queries of it are enough", {}, true],
		["nine are not", { labelled_queries: 9 }, false],
		["none are not", { labelled_queries: 0, labelled: null }, false],
		["one query in ten may fit", { labelled_queries: 90, fitting_queries: 10 }, true],
		["more may not", { labelled_queries: 90, fitting_queries: 11 }, false],
		["one in ten may be of another format", { labelled_queries: 90, other_queries: 10, other: vaydns }, true],
		["more may not be", { labelled_queries: 90, other_queries: 11, other: vaydns }, false],
	])("%s", (_, figures, isReported) => {
		expect(parent(figures) !== null).toBe(isReported);
	});

	test("is named with the domain and the flags that fit", () => {
		expect(parent({ labelled_queries: 1_000, fitting_queries: 1 })).toBe(
			"example.com is the parent of the tunnel's domain: 1,000 of 1,001 queries that carry data are of VayDNS with record type txt and ids of 2 bytes under t.example.com: --vaydns.domain t.example.com.",
		);
	});
});
