/** The first SIGTERM or SIGINT from now on, which then does not end the program. */
export function stopSignal(): Promise<string> {
	return new Promise((resolve) => {
		process.on("SIGTERM", resolve);
		process.on("SIGINT", resolve);
	});
}
