/** What the tests pack into a Debian package. */
import type { PackageContents } from "../../src/build/debian-package.ts";
import { systemdUnit } from "../../src/print/unit.ts";

export const packageContents: PackageContents = {
	version: "1.2.3",
	architecture: "arm64",
	executable: "",
	glibcVersion: "2.17",
	copyright: "Copyright (c) somebody\n",
	texts: {
		"systemd-unit": systemdUnit(),
		man: ".TH DNSTT_EXPORTER 1\n",
		"completion-bash": "# bash\n",
		"completion-zsh": "# zsh\n",
		"completion-fish": "# fish\n",
	},
	timeSeconds: 1_700_000_000,
};
