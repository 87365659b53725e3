import { afterAll, describe, expect, test } from "bun:test";
import { createClient } from "../../src/top/client.ts";
import { TopError } from "../../src/top/error.ts";
import { makeCertificate, makeFolder } from "../web/certificates.ts";
import { busyHistory, busyStatus, servePage } from "../web/page/fixture.ts";

const exporter = servePage(busyStatus, busyHistory);
afterAll(() => exporter.stop());

/** Serves one answer on a free port, and returns what the client makes of it. */
async function complaintOf(answer: (request: Request) => Response, options = {}): Promise<string> {
	const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: answer });
	try {
		const client = createClient({ url: server.url.href.replace(/\/$/, ""), ...options });
		const error = await client.status().then(
			() => undefined,
			(fault: unknown) => fault,
		);
		if (!(error instanceof TopError)) throw new Error(`expected a TopError, found ${error}`);
		return error.message.replaceAll(server.url.href.replace(/\/$/, ""), "URL");
	} finally {
		await server.stop(true);
	}
}

describe("a client", () => {
	test("returns the status and the history of an exporter", async () => {
		const client = createClient({ url: exporter.url.replace(/\/$/, "") });
		const status = await client.status();
		expect(status.total).toEqual(busyStatus.total);
		expect(status.countries?.rows[0]?.country).toBe("IR");
		expect((await client.history()).hour[0]?.slice(0, 2)).toEqual([...(busyHistory.hour[0] ?? [])].slice(0, 2));
	});

	test("sends its credentials, in UTF-8", async () => {
		let sent: string | null = null;
		const credentials = { username: "ops", password: "päss:wörd" };
		await complaintOf(
			(request) => {
				sent = request.headers.get("authorization");
				return new Response("", { status: 500 });
			},
			{ credentials },
		);
		expect(sent as string | null).toBe(`Basic ${Buffer.from("ops:päss:wörd").toString("base64")}`);
	});

	test("trusts the certificate that it is given, and says what to do with another", async () => {
		const { folder, remove } = makeFolder();
		try {
			const { certificateFile, keyFile } = await makeCertificate(folder, "one");
			const other = await makeCertificate(folder, "other");
			const server = Bun.serve({
				hostname: "127.0.0.1",
				port: 0,
				tls: { cert: Bun.file(certificateFile), key: Bun.file(keyFile) },
				fetch: () => Response.json(busyStatus),
			});
			const url = `https://127.0.0.1:${server.port}`;
			const ca = await Bun.file(certificateFile).text();
			expect((await createClient({ url, ca }).status()).version).toBe("1.0.0");
			const otherCa = await Bun.file(other.certificateFile).text();
			for (const options of [{ url }, { url, ca: otherCa }]) {
				expect(createClient(options).status()).rejects.toThrow(/^cannot trust https:.*--ca-file/);
			}
			expect(createClient({ url: url.replace("https", "http") }).status()).rejects.toThrow(TopError);
			await Bun.sleep(200);
			await server.stop(true);
		} finally {
			remove();
		}
	});

	const other = { ...busyStatus, health: { ...busyStatus.health, overhead: "much" } };
	test.each<[title: string, answer: () => Response, options: object, complaint: RegExp]>([
		[
			"a password is missing",
			() => new Response("", { status: 401 }),
			{},
			/asks for a user \(401\): pass --username and/,
		],
		[
			"a password is wrong",
			() => new Response("", { status: 401 }),
			{ credentials: { username: "a", password: "b" } },
			/refuses this user and password \(401\); compare with web\.basic-auth/,
		],
		[
			"there is no status",
			() => new Response("", { status: 404 }),
			{},
			/^URL has no status \(404\): --url is the exporter's address without a path, as http:\/\/127\.0\.0\.1:9713$/,
		],
		["it is redirected", () => Response.redirect("http://127.0.0.1:1/x"), {}, /^URL redirects \(302\)/],
		["the exporter failed", () => new Response("", { status: 500 }), {}, /^URL answers with 500; the exporter's log/],
		["another program answers", () => new Response("<html>"), {}, /^URL answers, but is no exporter/],
		[
			"another version answers",
			() => Response.json(other),
			{},
			/a format that this version of top does not read .*\(health\.overhead\): use the same version/,
		],
	])("says what to do when %s", async (_, answer, options, complaint) => {
		expect(await complaintOf(answer, options)).toMatch(complaint);
	});

	test("says what to do when nothing listens", async () => {
		const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
		const url = `http://127.0.0.1:${server.port}`;
		await server.stop(true);
		expect(createClient({ url }).status()).rejects.toThrow(
			`cannot reach ${url}: nothing listens there; is the exporter running (systemctl status dnstt_exporter)`,
		);
	});
});
