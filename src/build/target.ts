/** The kinds of hosts that executables are made for. */

/** One kind of host that an executable is made for. */
export interface Target {
	/** As file names have it: "linux-x64-musl". */
	readonly name: string;
	readonly bunTarget: Bun.Build.CompileTarget;
	readonly libc: "glibc" | "musl";
	readonly compiler: string;
	readonly objcopy: string;
	readonly objdump: string;
	readonly archiver: string;
	/** Debian's name of the architecture, to fetch libpcap for. */
	readonly debianArchitecture: "amd64" | "arm64";
}

export const targets = {
	x64: {
		name: "linux-x64",
		bunTarget: "bun-linux-x64",
		libc: "glibc",
		compiler: process.env.CC ?? "gcc",
		objcopy: "objcopy",
		objdump: "objdump",
		archiver: "ar",
		debianArchitecture: "amd64",
	},
	arm64: {
		name: "linux-arm64",
		bunTarget: "bun-linux-arm64",
		libc: "glibc",
		compiler: process.env.CC ?? "gcc",
		objcopy: "objcopy",
		objdump: "objdump",
		archiver: "ar",
		debianArchitecture: "arm64",
	},
} as const satisfies Record<string, Target>;
