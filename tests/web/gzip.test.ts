import { describe, expect, test } from "bun:test";
import { acceptsGzip, gzip, onThreadBytesMax } from "../../src/web/gzip.ts";

describe("acceptsGzip", () => {
	const rows: [string, string | null, boolean][] = [
		["no header means plain", null, false],
		["an empty header means plain", "", false],
		["Prometheus's own header takes gzip", "gzip", true],
		["a browser's list takes gzip", "gzip, deflate, br, zstd", true],
		["the name's case is ignored", "GZip", true],
		["the old alias is taken", "x-gzip", true],
		["a star takes gzip", "*", true],
		["a low weight still takes it", "br;q=1, gzip;q=0.001", true],
		["weight 0 refuses it", "gzip;q=0", false],
		["weight 0.000 with spaces refuses it", "br, gzip ; q=0.000", false],
		["its own weight goes before the star's", "*;q=1, gzip;q=0", false],
		["a weight that is no number refuses it", "gzip;q=x", false],
		["other codings do not take it", "br, identity", false],
		["a longer name is another coding", "gzipped", false],
	];
	test.each(rows)("%s", (_title, header, expected) => {
		expect(acceptsGzip(header)).toBe(expected);
	});
});

test.each([0, onThreadBytesMax, onThreadBytesMax + 1])(
	"gzip gives what a decompressor reads back of %i bytes",
	async (length) => {
		const body = new TextEncoder().encode("dnstt_queries_total 1\n".repeat(2000)).slice(0, length);
		expect(Bun.gunzipSync(await gzip(body))).toEqual(body);
	},
);
