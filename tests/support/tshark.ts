/** An independent decoder for the tests: fields of a capture as tshark (Debian package tshark) reads them. */

/** Gives one row a frame with the first value of each field ("" where it has none). UDP port 53 and `port` are read as DNS. */
export async function tsharkFields(capture: Uint8Array, fields: readonly string[], filter = ""): Promise<string[][]> {
	const command = [
		"tshark",
		"-n",
		"-r",
		"-",
		"-T",
		"fields",
		"-E",
		"occurrence=f",
		...fields.flatMap((f) => ["-e", f]),
	];
	if (filter !== "") command.push("-Y", filter);
	const child = Bun.spawn(command, { stdin: capture, stdout: "pipe", stderr: "pipe" });
	const [output, complaints, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
	if (code !== 0) throw new Error(`tshark ended with ${code}: ${complaints.trim()}`);
	return output
		.split("\n")
		.slice(0, -1)
		.map((line) => line.split("\t"));
}
