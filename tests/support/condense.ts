/** What `bun test` prints, with one line a file in place of one line a test. */

/** A file's name, alone on its line, comes before its tests. */
const header = /^(\S+\.test\.ts):$/;

/** Takes the output as it arrives, in pieces of any size; `write` gets what is left of it, in whole lines. */
export class Condenser {
	private rest = "";
	private file = "";
	private passed = 0;

	constructor(private readonly write: (text: string) => void) {}

	add(text: string): void {
		const lines = (this.rest + text).split("\n");
		this.rest = lines.pop() ?? "";
		for (const line of lines) this.line(line);
	}

	/** The output has ended. */
	end(): void {
		if (this.rest !== "") this.line(this.rest);
		this.rest = "";
		this.endFile();
	}

	private line(line: string): void {
		const file = header.exec(line)?.[1];
		if (file !== undefined) {
			this.endFile();
			this.file = file;
		} else if (line.startsWith("(pass)")) {
			this.passed++;
		} else if (/^ *\d+ pass$/.test(line)) {
			// The summary begins.
			this.endFile();
			this.write(`${line}\n`);
		} else if (line !== "") {
			this.write(`${line}\n`);
		}
	}

	private endFile(): void {
		if (this.file !== "") this.write(`${this.file}: ${this.passed} passed\n`);
		this.file = "";
		this.passed = 0;
	}
}
