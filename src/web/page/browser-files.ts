/**
 * Bundles a file of the page for browsers. A macro: Bun runs it while it reads what imports it, so that the executable holds
 * the text only. Bun.build would wait for itself there; the command line does not.
 */
export function bundle(file: string): string {
	const command = [process.execPath, "build", `${import.meta.dir}/browser/${file}`, "--target=browser", "--minify"];
	const { exitCode, stdout, stderr } = Bun.spawnSync(command);
	if (exitCode !== 0) throw new Error(`bundling the status page failed:\n${stderr}`);
	return stdout.toString();
}
