/** Who may read what is served, also after a reload changed it. */

import type { BasicAuth } from "../web/auth.ts";

/** User name to bcrypt hash, as web.basic-auth has them; null lets everyone in. */
export type Users = ReadonlyMap<string, string> | null;

export interface Authentication extends BasicAuth {
	/** Whether a password is asked for. */
	readonly isRequired: boolean;
	/** Takes effect with the next request. */
	replace(users: Users): void;
}

export async function createAuthentication(initial: Users): Promise<Authentication> {
	let users = initial;
	// A promise, so that after two reloads at once the later one's users count.
	let checking = load(users);
	await checking;
	return {
		get isRequired() {
			return users !== null;
		},
		check: async (authorization, address) => (await checking)?.check(authorization, address) ?? "accepted",
		replace(next) {
			users = next;
			checking = load(next);
		},
	};
}

/** Most exporters have no users: only with some is the code loaded. */
async function load(users: Users): Promise<BasicAuth | null> {
	if (users === null) return null;
	const { createBasicAuth } = await import("../web/auth.ts");
	return createBasicAuth({ users });
}
