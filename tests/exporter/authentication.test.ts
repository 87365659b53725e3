import { expect, test } from "bun:test";
import { createAuthentication } from "../../src/exporter/authentication.ts";

const hashOf = (password: string) => Bun.password.hash(password, { algorithm: "bcrypt", cost: 4 });
const basic = (user: string, password: string) => `Basic ${btoa(`${user}:${password}`)}`;
const users = new Map([["ops", await hashOf("x")]]);

test("without users everyone is let in", async () => {
	const authentication = await createAuthentication(null);
	expect(authentication.isRequired).toBe(false);
	expect(await authentication.check(null, "192.0.2.1")).toBe("accepted");
});

test("with users only those are", async () => {
	const authentication = await createAuthentication(users);
	expect(authentication.isRequired).toBe(true);
	expect(await authentication.check(basic("ops", "x"), "192.0.2.1")).toBe("accepted");
	expect(await authentication.check(null, "192.0.2.1")).toBe("refused");
});

test("other users take the place of the old ones with the next request", async () => {
	const authentication = await createAuthentication(users);
	authentication.replace(new Map([["dev", await hashOf("y")]]));
	expect(await authentication.check(basic("ops", "x"), "192.0.2.1")).toBe("refused");
	expect(await authentication.check(basic("dev", "y"), "192.0.2.1")).toBe("accepted");
});

test("of two replacements at once the later one counts", async () => {
	const authentication = await createAuthentication(null);
	authentication.replace(users);
	authentication.replace(null);
	expect([authentication.isRequired, await authentication.check(null, "")]).toEqual([false, "accepted"]);
	authentication.replace(null);
	authentication.replace(users);
	expect([authentication.isRequired, await authentication.check(null, "")]).toEqual([true, "refused"]);
});
