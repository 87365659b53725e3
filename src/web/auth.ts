import { createHmac, randomBytes } from "node:crypto";
import { networkOf } from "./network.ts";

/** bcrypt reads this many bytes of a password; exporter-toolkit's library (Go's x/crypto/bcrypt) ignores the rest too. */
const passwordBytesMax = 72;

/** Verified credentials that are remembered, as in exporter-toolkit: enough for every scraper, bounded for everyone else. */
const verifiedMax = 100;

/** bcrypt runs one at a time: guessing takes one core at the most, and the pool's other threads stay free for gzip. */
const verifyingMax = 1;

/** Checks that may wait at once: bounds memory and how long an answer takes while someone guesses from many networks. */
const waitingMax = 64;

/** Checks that one network may have waiting while fewer than half of the places are taken; afterwards it is one each. */
const waitingPerNetworkMax = 4;

/** Of the places, those that networks without a wrong guess have for themselves: a scraper's first check finds one. */
const waitingKept = 16;

/** Checks of networks without a wrong guess that go before one of the others, if both wait. */
const checksBeforeFailed = 3;

/** Networks that are remembered for their wrong guesses. */
const failedMax = 1024;

/** What became of a request's credentials. `busy`: too many checks are waiting, so these were not looked at. */
export type AuthOutcome = "accepted" | "refused" | "busy";

export interface BasicAuth {
	/**
	 * Checks the value of an Authorization header (null: none was sent).
	 * `address` is the client's, as text; it only serves to share out the checks fairly and is not kept.
	 */
	check(authorization: string | null, address: string): Promise<AuthOutcome>;
}

export interface BasicAuthOptions {
	/** User name -> bcrypt hash, at least one, as web.basic-auth takes them: exporter-toolkit's basic_auth_users. */
	users: ReadonlyMap<string, string>;
	/** Compares off the JavaScript thread; a test passes its own to see what is compared with what. */
	verify?: (password: Uint8Array, hash: string) => Promise<boolean>;
}

/**
 * Basic authentication (RFC 7617) in the meaning of Prometheus's exporter-toolkit. A user that does not exist is compared
 * with a hash of a configured cost, so that time does not reveal which users exist; what was verified once is remembered
 * under a keyed digest, as a bcrypt for every scrape would cost more than the scrape.
 * An empty password is always refused.
 */
export function createBasicAuth(options: BasicAuthOptions): BasicAuth {
	const { users } = options;
	const decoys = [...users.values()].map((hash) => hash.slice(0, "$2b$10$".length).padEnd("$2b$10$".length + 53, "."));
	const verify = options.verify ?? ((password, hash) => Bun.password.verify(password, hash, "bcrypt"));
	const key = randomBytes(32);
	const verified = new Set<string>();
	const pending = new Map<string, Promise<AuthOutcome>>();
	const queue = createQueue();

	/** A name always meets the same decoy, so an unknown user's time is as constant as a known one's. */
	function decoyFor(user: string): string {
		const index = createHmac("sha256", key).update(user).digest().readUInt32BE() % decoys.length;
		return decoys[index] ?? "";
	}

	return {
		async check(authorization, address) {
			const credentials = parseBasic(authorization);
			if (credentials === undefined || credentials.password.length === 0) return "refused";
			const { user, password } = credentials;
			// The key is secret and random, so how long a look-up of the digest takes says nothing about the password.
			const digest = createHmac("sha256", key)
				.update(`${Buffer.byteLength(user)}:${user}`)
				.update(password)
				.digest("hex");
			if (verified.has(digest)) return "accepted";
			const underWay = pending.get(digest);
			if (underWay !== undefined) return underWay;

			const hash = users.get(user);
			const turn = queue.enter(networkOf(address), async () => {
				const matches = await verify(password, hash ?? decoyFor(user));
				return matches && hash !== undefined;
			});
			if (turn === undefined) return "busy";
			const outcome = turn.then((isRight): AuthOutcome => {
				if (!isRight) return "refused";
				const oldest = verified.size >= verifiedMax ? verified.values().next().value : undefined;
				if (oldest !== undefined) verified.delete(oldest);
				verified.add(digest);
				return "accepted";
			});
			pending.set(digest, outcome);
			return outcome.finally(() => pending.delete(digest));
		},
	};
}

/**
 * Runs checks `verifyingMax` at a time, and refuses what would wait beyond the bounds. Those of networks that guessed wrong come after
 * others, but come: neither kind can hold up the other for ever, from however many networks it comes. Each keeps its order.
 */
function createQueue() {
	const waiting: { network: string; start: () => void }[] = [];
	const failed = new Set<string>();
	let running = 0;
	/** Checks begun since the last of a network that had guessed wrong. */
	let sinceFailed = 0;

	function next(): void {
		running--;
		const failedIsNext = sinceFailed >= checksBeforeFailed;
		const preferred = waiting.findIndex(({ network }) => failed.has(network) === failedIsNext);
		const [one] = waiting.splice(Math.max(preferred, 0), 1);
		if (one === undefined) return;
		sinceFailed = failed.has(one.network) ? 0 : sinceFailed + 1;
		one.start();
	}

	function hasPlace(network: string): boolean {
		const hasFailed = failed.has(network);
		const ofNetwork = waiting.filter((one) => one.network === network).length;
		if (ofNetwork >= (hasFailed || waiting.length >= waitingMax / 2 ? 1 : waitingPerNetworkMax)) return false;
		return waiting.length < (hasFailed ? waitingMax - waitingKept : waitingMax);
	}

	/** Remembers what came of a network's last check; of more networks than `failedMax` the longest ago is forgotten. */
	function note(network: string, isRight: boolean): void {
		failed.delete(network);
		if (isRight) return;
		const oldest = failed.size >= failedMax ? failed.values().next().value : undefined;
		if (oldest !== undefined) failed.delete(oldest);
		failed.add(network);
	}

	return {
		/** The check's result, or undefined if it may not wait. */
		enter(network: string, check: () => Promise<boolean>): Promise<boolean> | undefined {
			const run = () => {
				running++;
				return check()
					.then((isRight) => {
						note(network, isRight);
						return isRight;
					})
					.finally(next);
			};
			if (running < verifyingMax) return run();
			if (!hasPlace(network)) return undefined;
			return new Promise<boolean>((resolve, reject) => {
				waiting.push({ network, start: () => run().then(resolve, reject) });
			});
		},
	};
}

/** `Basic` and base64 of `user:password` (RFC 7617 section 2); undefined for anything else. The password is cut to what bcrypt reads. */
function parseBasic(authorization: string | null): { user: string; password: Uint8Array } | undefined {
	const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization ?? "")?.[1];
	if (encoded === undefined) return undefined;
	const bytes = Buffer.from(encoded, "base64");
	const colon = bytes.indexOf(0x3a);
	if (colon < 0) return undefined;
	return {
		user: bytes.subarray(0, colon).toString("utf8"),
		password: bytes.subarray(colon + 1, colon + 1 + passwordBytesMax),
	};
}
