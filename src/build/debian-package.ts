/**
 * Debian packages (deb(5), Debian Policy 3 to 6) of a finished executable, with what a host needs to run it as a service. There is nothing
 * to compile and nothing to strip, so dpkg-deb alone makes them.
 */
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { $ } from "bun";
import { BuildError } from "./artifacts.ts";
import type { Target } from "./target.ts";

/** A package's name has no underscore (Policy 5.6.1); the program and its file keep theirs. */
export const packageName = "dnstt-exporter";

const unit = "dnstt_exporter.service";
const executablePath = "usr/bin/dnstt_exporter";
const configPath = "etc/dnstt_exporter/config.json";

/** Policy 5.6.2 wants an address; there is no mailbox, and .invalid never resolves (RFC 2606). */
const maintainer = "dnstt_exporter contributors <contributors@dnstt-exporter.invalid>";

/** The configuration before an administrator has edited it. JSON has no comments: the man page has every key. */
export const emptyConfig = '{\n\t"dnstt": { "domain": [] }\n}\n';

/** What of a package depends on the release and the architecture. */
export interface PackageContents {
	readonly version: string;
	readonly architecture: Target["debianArchitecture"];
	/** Path of the executable to pack. */
	readonly executable: string;
	/** Oldest glibc that the executable runs with: "2.17". */
	readonly glibcVersion: string;
	readonly copyright: string;
	readonly texts: PrintedTexts;
	/** Time of all files, so that the same commit results in the same bytes: seconds since 1970. */
	readonly timeSeconds: number;
}

const printables = ["systemd-unit", "man", "completion-bash", "completion-zsh", "completion-fish"] as const;

/** The texts that `print` writes, by its word for each. */
export type PrintedTexts = Readonly<Record<(typeof printables)[number], string>>;

/** Asks an executable that runs on this machine for the texts: a package has what its user could print. */
export async function printedTexts(executable: string): Promise<PrintedTexts> {
	const texts: Partial<Record<keyof PrintedTexts, string>> = {};
	for (const name of printables) texts[name] = await $`${executable} print ${name}`.quiet().text();
	return texts as PrintedTexts;
}

/** The printed unit for an executable at another path; everything else stays as it is printed. */
export function unitFor(printed: string, executable: string): string {
	const starts = /^ExecStart=\S+/gm;
	if (printed.match(starts)?.length !== 1) throw new BuildError("the printed unit has not exactly one ExecStart");
	return printed.replace(starts, `ExecStart=${executable}`);
}

/** "dnstt_exporter_1.0.0_amd64.deb" */
export function packageFile({ version, architecture }: Pick<PackageContents, "version" | "architecture">): string {
	return `dnstt_exporter_${version}_${architecture}.deb`;
}

/** The fields of a binary package (deb-control(5)). */
export function controlFile(contents: PackageContents, installedKib: number): string {
	return `Package: ${packageName}
Version: ${contents.version}
Architecture: ${contents.architecture}
Maintainer: ${maintainer}
Installed-Size: ${installedKib}
Depends: libc6 (>= ${contents.glibcVersion})
Section: net
Priority: optional
Description: Prometheus exporter for dnstt servers
 Watches the DNS queries and responses of a dnstt or VayDNS server on this host
 and exports how many clients are connected, through which networks, and how
 well the tunnel works. It only listens, and never exposes addresses or client
 ids.
`;
}

/**
 * What dpkg runs (Policy 6.5), in debhelper's way (dh_installsystemd): deb-systemd-helper keeps what an administrator disabled disabled, and
 * works without systemd; deb-systemd-invoke asks policy-rc.d first, and its restart starts what is enabled and stopped: after a removal
 * dpkg names the version before, as for an upgrade. Unlike there, the first installation enables the unit only with a complete
 * configuration: without a domain the exporter ends at once, and every boot would end with a failed unit.
 */
export const maintainerScripts = {
	postinst: `#!/bin/sh
set -e
case "$1" in
configure | abort-upgrade | abort-deconfigure | abort-remove) ;;
*) exit 0 ;;
esac

if deb-systemd-helper debian-installed ${unit}; then
	if deb-systemd-helper --quiet was-enabled ${unit}; then deb-systemd-helper enable ${unit} >/dev/null; fi
elif dnstt_exporter check-config --config.file=/${configPath} >/dev/null 2>&1; then
	deb-systemd-helper enable ${unit} >/dev/null
else
	echo "dnstt_exporter is not enabled yet, as its configuration is not complete: find the domain of your tunnel (dnstt_exporter discover), set it in /${configPath}, then run: systemctl enable --now dnstt_exporter"
fi
deb-systemd-helper update-state ${unit} >/dev/null

if [ -d /run/systemd/system ]; then
	systemctl --system daemon-reload || true
	deb-systemd-invoke restart ${unit} || true
fi
`,
	prerm: `#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then deb-systemd-invoke stop ${unit} || true; fi
`,
	postrm: `#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then systemctl --system daemon-reload || true; fi
if [ "$1" = purge ]; then
	rm -rf /etc/dnstt_exporter
	deb-systemd-helper purge ${unit} >/dev/null
fi
`,
} as const;

/** What lintian reports as errors and is intended, each with its reason. */
const lintianOverrides = `# Stripping the executable removes the program from it and leaves bare Bun.
${packageName}: unstripped-binary-or-object [${executablePath}]
# The same executable is for distributions that have another libpcap, or none.
${packageName}: embedded-library libpcap [${executablePath}]
# A part of Bun's runtime.
${packageName}: embedded-library libjpeg [${executablePath}]
`;

/** Policy 12.7; what changed is in the repository's history. */
function changelog({ version, timeSeconds }: PackageContents): string {
	const date = new Date(timeSeconds * 1_000).toUTCString().replace("GMT", "+0000");
	return `${packageName} (${version}) stable; urgency=medium\n\n  * Release ${version}.\n\n -- ${maintainer}  ${date}\n`;
}

/** The files of a package besides the executable, by their paths. */
function textFiles(contents: PackageContents): Record<string, string | Uint8Array> {
	const { texts } = contents;
	const documents = `usr/share/doc/${packageName}`;
	// Without name and time in its header, as gzip -n leaves them out.
	const compressed = (text: string) => gzipSync(text, { level: 9 });
	return {
		[configPath]: emptyConfig,
		[`usr/lib/systemd/system/${unit}`]: unitFor(texts["systemd-unit"], `/${executablePath}`),
		"usr/share/bash-completion/completions/dnstt_exporter": texts["completion-bash"],
		"usr/share/zsh/vendor-completions/_dnstt_exporter": texts["completion-zsh"],
		"usr/share/fish/vendor_completions.d/dnstt_exporter.fish": texts["completion-fish"],
		"usr/share/man/man1/dnstt_exporter.1.gz": compressed(texts.man),
		[`${documents}/changelog.gz`]: compressed(changelog(contents)),
		[`${documents}/copyright`]: contents.copyright,
		[`usr/share/lintian/overrides/${packageName}`]: lintianOverrides,
	};
}

/** Makes the package in the folder `output`, by way of a tree in `folder`; returns its name. Throws a BuildError with dpkg-deb's complaint. */
export async function makePackage(contents: PackageContents, folder: string, output: string): Promise<string> {
	const tree = join(folder, "package");
	rmSync(tree, { recursive: true, force: true });
	const write = (path: string, content: string | Uint8Array) => {
		mkdirSync(dirname(join(tree, path)), { recursive: true });
		writeFileSync(join(tree, path), content);
	};
	write(executablePath, "");
	copyFileSync(contents.executable, join(tree, executablePath));
	const files = textFiles(contents);
	for (const [path, content] of Object.entries(files)) write(path, content);

	const paths = [executablePath, ...Object.keys(files)].sort();
	const kib = paths.map((path) => Math.ceil(statSync(join(tree, path)).size / 1_024));
	const md5 = (path: string) => createHash("md5").update(readFileSync(join(tree, path)));
	const sums = paths.filter((path) => path !== configPath).map((path) => `${md5(path).digest("hex")}  ${path}\n`);
	write(
		"DEBIAN/control",
		controlFile(
			contents,
			kib.reduce((sum, size) => sum + size, 0),
		),
	);
	write("DEBIAN/conffiles", `/${configPath}\n`);
	write("DEBIAN/md5sums", sums.join(""));
	for (const [name, script] of Object.entries(maintainerScripts)) write(`DEBIAN/${name}`, script);

	// Whatever the umask: everyone reads, and executable is what has to be.
	await $`chmod -R u=rwX,go=rX ${tree}`.quiet();
	const programs = [executablePath, ...Object.keys(maintainerScripts).map((name) => `DEBIAN/${name}`)];
	await $`chmod 755 ${programs}`.cwd(tree).quiet();
	const name = packageFile(contents);
	const made = await $`dpkg-deb --root-owner-group -Zxz -z6 --build ${tree} ${join(output, name)}`
		.env({ ...process.env, SOURCE_DATE_EPOCH: String(contents.timeSeconds) })
		.nothrow()
		.quiet();
	rmSync(tree, { recursive: true });
	if (made.exitCode !== 0) throw new BuildError(`dpkg-deb failed: ${made.stderr.toString().trim()}`);
	return name;
}
