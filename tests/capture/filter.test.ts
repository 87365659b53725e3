import { describe, expect, test } from "bun:test";
import { captureFilter, extensionHeaders } from "../../src/capture/filter.ts";
import { LinkType } from "../../src/capture/source.ts";
import { decoderOf } from "../wasm/decode/decoding.ts";

describe("captureFilter", () => {
	test("names every port, and looks behind two tags where frames have them", () => {
		const filter = captureFilter([53, 5300], LinkType.EN10MB);
		expect(filter.match(/udp port 53 or udp port 5300/g)).toHaveLength(3);
		expect(filter.match(/vlan/g)).toHaveLength(2);
	});

	test("without ports passes UDP of all, and what frames of any hide it in", () => {
		for (const linkType of [LinkType.LINUX_SLL, LinkType.LINUX_SLL2]) {
			const filter = captureFilter([], linkType);
			expect(filter).toStartWith("udp or (ip6 and (");
			expect(filter).toContain(" or ether proto 0x8100 or ");
		}
	});

	test("has no vlan where libpcap refuses it", () => {
		for (const linkType of [LinkType.LINUX_SLL, LinkType.LINUX_SLL2, LinkType.RAW])
			expect(captureFilter([53], linkType)).not.toContain("vlan");
	});
});

test("it passes the IPv6 extension headers that the decoder steps over, and no others", () => {
	const { exports } = decoderOf();
	const known = Array.from({ length: 256 }, (_, next) => next).filter((next) => exports.isExtensionHeader(next) !== 0);
	expect([...extensionHeaders].sort((a, b) => a - b)).toEqual(known);
});
