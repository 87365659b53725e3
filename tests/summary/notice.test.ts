import { expect, test } from "bun:test";
import { type NoticeSource, noticeOf } from "../../src/summary/notice.ts";

/** Marks what may come from outside. */
const writing = {
	name: (name: string) => `{${name}}`,
	moment: (time: string) => time,
	duration: (ms: number) => `${ms}`,
	times: "x",
};

function source(up: boolean, total: number, refused: readonly number[], unrelated = {}, received = 9): NoticeSource {
	return {
		capture: { up, interface: "eth0", ports: [53, 5353], received, unrelated_packets: unrelated },
		total: { queries: total },
		domains: refused.map((refused_queries, index) => ({ domain: `t${index}.example`, refused_queries })),
	};
}

test.each<[title: string, status: NoticeSource, notice: string | null]>([
	["there is nothing to say once a client's query came", source(true, 1, [2], { domain: 3 }), null],
	[
		"a closed capture comes first, even with traffic",
		source(false, 1, [2], { domain: 3 }),
		"The capture is closed | Nothing is counted. The exporter tries to reopen it on {eth0} every few seconds; its log says why that fails. | ip -brief link",
	],
	[
		"then refused queries, of all domains",
		source(true, 0, [2, 5], { domain: 3 }),
		"No tunnel traffic yet | Listening on {eth0}, UDP port 53 or 5353: 7 queries for {t0.example} or {t1.example}, all refused; Tunnel health lists the reasons.",
	],
	[
		"then messages for other domains",
		source(true, 0, [0], { domain: 1, port: 9 }),
		"No tunnel traffic yet | Listening on {eth0}, UDP port 53 or 5353: 1 DNS message, none for {t0.example}. Compare dnstt.domain with the domain that dnstt-server was started with.",
	],
	[
		"packets that are no queries come last, with what to check",
		source(true, 0, [0], { port: 9 }),
		"No tunnel traffic yet | Listening on {eth0}, UDP port 53 or 5353: 9 packets received, no tunnel query among them. If another port or interface is in use, set dnstt.port or capture.interface. | ss -ulpn 'sport = :53' | dig +trace NS {t0.example} | tcpdump -ni {eth0} udp port 53",
	],
])("%s", (_, status, expected) => {
	const notice = noticeOf(status, writing);
	const parts = notice && [notice.title, notice.text, ...notice.checks.map(({ command }) => command)].join(" | ");
	expect(parts).toBe(expected);
});

test("one packet and none have words of their own", () => {
	expect(noticeOf(source(true, 0, [0], {}, 1), writing)?.text).toContain(": 1 packet received, no tunnel query");
	expect(noticeOf(source(true, 0, [0], {}, 0), writing)?.text).toContain(": no packets received yet.");
});
