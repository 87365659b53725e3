import { beforeAll, describe, expect, test } from "bun:test";
import { type BasicAuth, createBasicAuth } from "../../src/web/auth.ts";

const hashOf = (password: string, cost = 4) => Bun.password.hash(password, { algorithm: "bcrypt", cost });
const basic = (credentials: string) => `Basic ${Buffer.from(credentials).toString("base64")}`;
const address = "192.0.2.1";

/** A comparison that ends when the test says so, and remembers what it was asked. */
function heldVerify() {
	const calls: { password: string; hash: string; end: (matches: boolean) => void }[] = [];
	const verify = (password: Uint8Array, hash: string) =>
		new Promise<boolean>((end) => {
			calls.push({ password: Buffer.from(password).toString(), hash, end });
		});
	return { calls, verify };
}

describe("check", () => {
	const longPassword = `${"p".repeat(71)}é`;
	let auth: BasicAuth;
	beforeAll(async () => {
		auth = createBasicAuth({
			users: new Map(
				Object.entries({
					ann: await hashOf("secret"),
					bob: (await hashOf("co:lon")).replace("$2b$", "$2y$"),
					zoë: (await hashOf("pass wörd")).replace("$2b$", "$2a$"),
					max: await hashOf("m".repeat(72)),
					nil: await hashOf("a\0c"),
					cut: await hashOf("c".repeat(72)),
					"": await hashOf("nameless"),
				}),
			),
		});
	});

	const rows: [string, string | null, "accepted" | "refused"][] = [
		["a user with its password", basic("ann:secret"), "accepted"],
		["the same once more, from memory", basic("ann:secret"), "accepted"],
		["the scheme in any case and with more spaces", basic("ann:secret").replace("Basic ", "bASIC   "), "accepted"],
		["base64 without its padding", basic("ann:secret").replace(/=+$/, ""), "accepted"],
		["a password with a colon, under $2y$", basic("bob:co:lon"), "accepted"],
		["names and passwords in UTF-8, under $2a$", basic("zoë:pass wörd"), "accepted"],
		["a password of 72 bytes", basic(`max:${"m".repeat(72)}`), "accepted"],
		["a password of 80 bytes whose first 72 match, as Go's bcrypt", basic(`cut:${"c".repeat(80)}`), "accepted"],
		["an empty user name that is configured", basic(":nameless"), "accepted"],
		["a password of 71 bytes for one of 72", basic(`max:${"m".repeat(71)}`), "refused"],
		["a password cut amid a character", basic(`max:${longPassword}`), "refused"],
		["a password that differs behind a NUL", basic("nil:a\0b"), "refused"],
		["a wrong password", basic("ann:Secret"), "refused"],
		["another user's password", basic("bob:secret"), "refused"],
		["a verified pair divided elsewhere", basic("an:nsecret"), "refused"],
		["an empty password", basic("ann:"), "refused"],
		["an unknown user", basic("eve:secret"), "refused"],
		["a name that every object has", basic("constructor:x"), "refused"],
		["no header", null, "refused"],
		["an empty header", "", "refused"],
		["a scheme alone", "Basic", "refused"],
		["another scheme", "Bearer abc", "refused"],
		["no colon in the credentials", basic("annsecret"), "refused"],
		["characters outside base64", "Basic ann:secret", "refused"],
		["something behind the credentials", `${basic("ann:secret")} x`, "refused"],
	];
	test.each(rows)("%s", async (_title, header, expected) => {
		expect(await auth.check(header, address)).toBe(expected);
	});

	test("an unknown user is compared with a hash of a configured cost, each name always with the same, and never let in", async () => {
		const { calls, verify } = heldVerify();
		const strict = createBasicAuth({
			users: new Map(Object.entries({ ann: await hashOf("a", 4), bob: await hashOf("b", 5) })),
			verify,
		});
		const costs = new Set<string>();
		for (let n = 0; n < 40; n++) {
			for (const password of ["x", "y"]) {
				const outcome = strict.check(basic(`eve${n}:${password}`), address);
				calls.at(-1)?.end(true);
				expect(await outcome).toBe("refused");
			}
			expect(calls.at(-1)?.hash).toBe(calls.at(-2)?.hash ?? "none");
			costs.add(calls.at(-1)?.hash.slice(0, 7) ?? "none");
		}
		expect([...costs].sort()).toEqual(["$2b$04$", "$2b$05$"]);
	});

	test("bcrypt takes as long over an unknown user as over a known one", async () => {
		const strict = createBasicAuth({ users: new Map(Object.entries({ ann: await hashOf("secret", 9) })) });
		const median = async (user: string) => {
			const took: number[] = [];
			for (let n = 0; n < 7; n++) {
				const start = performance.now();
				await strict.check(basic(`${user}:guess${n}`), address);
				took.push(performance.now() - start);
			}
			return took.sort((a, b) => a - b)[3] ?? 0;
		};
		const ratio = (await median("eve")) / (await median("ann"));
		expect(ratio).toBeGreaterThan(0.5);
		expect(ratio).toBeLessThan(2);
	});

	test("what was verified is not verified again, what failed is", async () => {
		const { calls, verify } = heldVerify();
		const counted = createBasicAuth({ users: new Map(Object.entries({ ann: await hashOf("secret") })), verify });
		const first = counted.check(basic("ann:secret"), address);
		calls[0]?.end(true);
		expect(await first).toBe("accepted");
		expect(await counted.check(basic("ann:secret"), "198.51.100.7")).toBe("accepted");
		expect(calls.length).toBe(1);
		for (const expected of [2, 3]) {
			const wrong = counted.check(basic("ann:wrong"), address);
			calls.at(-1)?.end(false);
			expect(await wrong).toBe("refused");
			expect(calls.length).toBe(expected);
		}
	});

	test("the memory holds 100 credentials: the 101st displaces the oldest", async () => {
		let compared = 0;
		const hash = await hashOf("x");
		const users = new Map(Array.from({ length: 101 }, (_, n) => [`user${n}`, hash]));
		const many = createBasicAuth({ users, verify: async () => ++compared > 0 });
		for (let n = 0; n < 100; n++) await many.check(basic(`user${n}:x`), address);
		await many.check(basic("user0:x"), address);
		expect(compared).toBe(100);
		await many.check(basic("user100:x"), address);
		await many.check(basic("user1:x"), address);
		expect(compared).toBe(101);
		await many.check(basic("user0:x"), address);
		expect(compared).toBe(102);
	});

	test("the same credentials asked twice at once are compared once", async () => {
		const { calls, verify } = heldVerify();
		const counted = createBasicAuth({ users: new Map(Object.entries({ ann: await hashOf("secret") })), verify });
		const both = [counted.check(basic("ann:secret"), address), counted.check(basic("ann:secret"), address)];
		calls[0]?.end(true);
		expect(await Promise.all(both)).toEqual(["accepted", "accepted"]);
		expect(calls.length).toBe(1);
	});

	test("one comparison runs at a time, 4 of one network may wait, and 64 in all", async () => {
		const { calls, verify } = heldVerify();
		const flooded = createBasicAuth({ users: new Map(Object.entries({ ann: await hashOf("secret") })), verify });
		const outcomes: string[] = [];
		const guess = (password: string, from: string) =>
			void flooded.check(basic(`ann:${password}`), from).then((outcome) => outcomes.push(outcome));
		// One /64 is one network, however its addresses are written.
		for (let n = 0; n < 6; n++) guess(`a${n}`, n % 2 === 0 ? `2001:db8::${n + 1}` : `2001:db8:0:0:${n}::9`);
		await Bun.sleep(0);
		expect(calls.length).toBe(1);
		expect(outcomes).toEqual(["busy"]);
		for (let n = 0; n < 60; n++) guess(`b${n}`, `192.0.2.${n}`);
		await Bun.sleep(0);
		expect(outcomes).toEqual(["busy"]);
		guess("one too many", "198.51.100.1");
		await Bun.sleep(0);
		expect(outcomes).toEqual(["busy", "busy"]);
		for (let n = 0; n < 65; n++) {
			expect(calls.length).toBe(n + 1);
			calls[n]?.end(false);
			await Bun.sleep(0);
		}
		expect(outcomes.filter((outcome) => outcome === "refused").length).toBe(65);
	});

	/** Guesses without end from `networks` networks, 4 at a time from each, and ends comparisons one after the other. */
	async function besieged(networks: number, rounds: number) {
		const { calls, verify } = heldVerify();
		const auth = createBasicAuth({ users: new Map(Object.entries({ ann: await hashOf("secret") })), verify });
		let guesses = 0;
		const guess = (from: string) => auth.check(basic(`ann:guess${++guesses}`), from);
		let ended = 0;
		/** Those that guess send 4 more each, and one comparison ends. */
		const step = async () => {
			for (let n = 0; n < networks; n++) for (let k = 0; k < 4; k++) void guess(`192.0.2.${n}`);
			const call = calls[ended++];
			call?.end(call.password === "secret");
			for (let n = 0; n < 5; n++) await Promise.resolve();
			await Bun.sleep(0);
		};
		for (let n = 0; n < rounds; n++) await step();
		return { auth, guess, step };
	}

	test.each([
		[20, 0, 64],
		[20, 100, 3],
		[100, 150, 130],
	])(
		"guesses from %i networks, going on for %i comparisons, leave a scraper's first check a place",
		async (networks, rounds, most) => {
			const { auth, step } = await besieged(networks, rounds);
			if (rounds === 0)
				for (let n = 0; n < networks * 4; n++) void auth.check(basic(`ann:first${n}`), `192.0.2.${n % networks}`);
			let outcome = "waiting";
			void auth.check(basic("ann:secret"), "198.51.100.1").then((result) => {
				outcome = result;
			});
			let steps = 0;
			while (outcome === "waiting" && steps < most) {
				await step();
				steps++;
			}
			expect(outcome).toBe("accepted");
		},
	);

	test("a network that guessed wrong while 20 others do is let in once it has the password", async () => {
		const { auth, guess, step } = await besieged(20, 100);
		const results: string[] = [];
		void guess("198.51.100.1").then((result) => results.push(result));
		while (results.length < 1) await step();
		void auth.check(basic("ann:secret"), "198.51.100.1").then((result) => results.push(result));
		for (let steps = 0; results.length < 2 && steps < 64; steps++) await step();
		expect(results).toEqual(["refused", "accepted"]);
	});

	test("networks that never guessed, one after the other, do not hold up one that did for longer than a turn", async () => {
		const { auth, guess, step } = await besieged(0, 0);
		const results: string[] = [];
		void guess("198.51.100.1").then((result) => results.push(result));
		await step();
		for (let n = 0; n < 10; n++) void guess(`203.0.113.${n}`);
		void auth.check(basic("ann:secret"), "198.51.100.1").then((result) => results.push(result));
		for (let n = 10; n < 15; n++) {
			void guess(`203.0.113.${n}`);
			await step();
		}
		expect(results).toEqual(["refused", "accepted"]);
	});

	test("a comparison that throws fails its own request and does not hold up the next", async () => {
		let calls = 0;
		const verify = async () => {
			if (++calls === 1) throw new Error("out of memory");
			return true;
		};
		const shaky = createBasicAuth({ users: new Map(Object.entries({ ann: await hashOf("secret") })), verify });
		expect(shaky.check(basic("ann:secret"), address)).rejects.toThrow("out of memory");
		expect(await shaky.check(basic("ann:secret2"), address)).toBe("accepted");
	});
});
