import { expect, test } from "bun:test";
import { configKeys } from "../../src/config/keys.ts";

test("every key says whether it reloads", () => {
	expect(configKeys.filter(({ reload }) => !reload).map((key) => key.name)).toEqual([
		"dnstt.domain",
		"dnstt.mtu",
		"vaydns.domain",
		"vaydns.record-type",
		"vaydns.clientid-size",
		"vaydns.mtu",
		"session.active-window",
		"session.max-tracked",
		"session.max-remembered",
		"labels.max-sets",
		"geoip.country-database",
		"geoip.asn-database",
		"web.listen-address",
		"web.allowed-hosts",
		"web.telemetry-path",
		"web.status-page",
		"web.tls.certificate-file",
		"web.tls.key-file",
		"process.user",
	]);
});
