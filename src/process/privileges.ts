/** Drops the privileges that a running exporter does not need. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { ConfigError } from "../config/error.ts";
import { loadCap, nativeError } from "../native/addon.ts";

/** Numbers from capabilities(7). */
const capabilities = { dacReadSearch: 2, netBindService: 10, netRaw: 13 } as const;

/** Lower ports need CAP_NET_BIND_SERVICE (ip(7), ip_unprivileged_port_start), unless the host changed this limit. */
const unprivilegedPortMin = 1024;

/** A user and its main group. */
export interface Identity {
	readonly user: string;
	readonly uid: number;
	readonly gid: number;
}

/**
 * Returns the account `process.user`, a name or a number, if this process is root and should become that user; null if it is not
 * root. Throws a ConfigError if there is no such account, and if the executable itself carries privileges.
 */
export function identityOf(user: string): Identity | null {
	const { findAccount, isSecureExecution } = loadCap();
	if (isSecureExecution())
		throw new ConfigError([
			"this executable has file capabilities or set-uid, with which any local user can run code of their own through it (BUN_OPTIONS, BUN_BE_BUN): remove them (setcap -r, chmod u-s) and grant AmbientCapabilities=CAP_NET_RAW in the service instead",
		]);
	if (process.geteuid?.() !== 0) return null;
	const account = findAccount(user);
	if (account === undefined)
		throw new ConfigError([
			`process.user: this host has no account ${JSON.stringify(user)}; set it to the name or number of an account, or to root to stay root`,
		]);
	return { user, uid: account[0], gid: account[1] };
}

export interface PrivilegeLimits {
	/** The user to become; with null or root the user stays the same. */
	readonly identity: Identity | null;
	/** This port is bound next, and again whenever a certificate is replaced. */
	readonly port: number;
}

/**
 * Drops privileges for good. Every thread becomes the user, without supplementary groups or capabilities. The calling thread keeps
 * CAP_NET_RAW, to reopen the capture, CAP_NET_BIND_SERVICE for a port below 1024 and, if root stays root, CAP_DAC_READ_SEARCH for
 * its files. It also sets no_new_privs, turns core files off, and installs a filter of system calls that refuses to run programs and to
 * create or change files. If the user stays the same, threads that exist already keep their capabilities. Returns a line for each
 * part of this that failed.
 */
export function limitPrivileges({ identity, port }: PrivilegeLimits): string[] {
	const { limitPrivileges: limit } = loadCap();
	const keep: number[] = [capabilities.netRaw];
	if (port > 0 && port < unprivilegedPortMin) keep.push(capabilities.netBindService);
	const refused: string[] = [];
	const stays = identity === null || identity.uid === 0;
	if (stays && identity !== null) keep.push(capabilities.dacReadSearch);
	let isFiltered: boolean;
	try {
		isFiltered = stays ? limit(keep, -1, -1) : limit(keep, identity.uid, identity.gid);
	} catch (error) {
		const native = nativeError(error);
		if (native?.code !== "identity_refused") throw error;
		// For example in a container without CAP_SETUID, or in a user namespace without that user.
		refused.push(
			`cannot become ${identity?.user} (${native.message}), so the process stays root; start it as that user, or set process.user to root`,
		);
		isFiltered = limit(keep, -1, -1);
	}
	const unlimited = threadsBeyond(keep);
	if (unlimited === null) refused.push("the capabilities of other threads are unknown: /proc is not mounted");
	else if (unlimited > 0)
		refused.push(
			process.geteuid?.() === 0
				? `the process stays root, and ${unlimited} of its threads keep all capabilities of the start; start it as another user with CAP_NET_RAW alone`
				: `${unlimited} threads keep all capabilities of the start; grant CAP_NET_RAW alone (CapabilityBoundingSet=CAP_NET_RAW)`,
		);
	if (!isFiltered) refused.push("this system has no system call filters (seccomp)");
	return refused;
}

/** Number of threads that have any other capability (proc_pid_status(5)); null without /proc. */
function threadsBeyond(kept: readonly number[]): number | null {
	const allowed = kept.reduce((set, number) => set | (1n << BigInt(number)), 0n);
	const folder = "/proc/self/task";
	if (!existsSync(folder)) return null;
	return readdirSync(folder).filter((thread) => {
		const [, permitted = "0"] = /^CapPrm:\s+(\w+)$/m.exec(statusOfThread(`${folder}/${thread}/status`)) ?? [];
		return (BigInt(`0x${permitted}`) & ~allowed) !== 0n;
	}).length;
}

/** Whether this process may open a capture now (CAP_NET_RAW); false where /proc is not mounted. */
export function mayCapture(): boolean {
	const [, effective = "0"] = /^CapEff:\s+(\w+)$/m.exec(statusOfThread("/proc/self/status")) ?? [];
	return (BigInt(`0x${effective}`) & (1n << BigInt(capabilities.netRaw))) !== 0n;
}

/** Empty for a thread that has ended. */
function statusOfThread(path: string): string {
	try {
		return readFileSync(path, "utf8");
	} catch {
		return "";
	}
}
