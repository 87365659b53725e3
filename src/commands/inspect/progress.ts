import { grouped } from "../../summary/format.ts";

/** How far a file was read. */
export interface Progress {
	readonly file: string;
	/** From 1, of `files`. */
	readonly number: number;
	readonly files: number;
	/** From 0 to 1; null if that cannot be known. */
	readonly share: number | null;
	/** Over all files. */
	readonly packets: number;
	readonly packetsPerSecond: number;
}

/** One line for a terminal, at most `columns` wide. */
export function progressText(progress: Progress, columns: number): string {
	const { file, number, files, share, packets, packetsPerSecond } = progress;
	const parts = [
		...(share === null ? [] : [`${Math.floor(Math.min(1, share) * 100)} %`]),
		`${grouped(packets)} packets`,
		`${grouped(Math.round(packetsPerSecond))} packets/s`,
		`${files > 1 ? `file ${number} of ${files}: ` : ""}${file}`,
	];
	return Bun.sliceAnsi(parts.join("  "), 0, columns);
}
