/** Sockets that the service manager has bound and passes on: socket activation, sd_listen_fds(3). */

/** Standard input, output and error come before. */
const firstPassed = 3;
/** No unit passes more; each is asked about. */
const passedMax = 64;

/** Descriptors of the listening sockets that were passed to the process `pid`, in their order; none if it was started otherwise. */
export function passedSockets(env: Readonly<Record<string, string | undefined>>, pid: number): number[] {
	const count = Number(env.LISTEN_FDS);
	if (Number(env.LISTEN_PID) !== pid || !Number.isInteger(count) || count < 1) return [];
	return Array.from({ length: Math.min(count, passedMax) }, (_, index) => firstPassed + index);
}
