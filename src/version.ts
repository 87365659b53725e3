/** Version and revision, as `--version` and dnstt_exporter_build_info report them. */

import { version as packageVersion } from "../package.json";

// build.ts defines it in the executable; when run from source it is undefined.
declare const DNSTT_EXPORTER_REVISION: string | undefined;

/** Version of the program, as in package.json. */
export const version: string = packageVersion;

/** Short hash of the commit that the executable was built from, with `-dirty` if files differed; "unknown" without a repository. */
export const revision: string = typeof DNSTT_EXPORTER_REVISION === "string" ? DNSTT_EXPORTER_REVISION : "unknown";
