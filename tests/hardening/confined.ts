/** A process that gives up its privileges as the exporter does, then tries what it must not and what it must still be able to do. */
import {
	appendFileSync,
	chmodSync,
	linkSync,
	mkdirSync,
	readFileSync,
	renameSync,
	truncateSync,
	unlinkSync,
	writeFileSync,
} from "node:fs";
import { identityOf, limitPrivileges } from "../../src/process/privileges.ts";

const folder = process.argv[2] ?? "";
const refused = limitPrivileges({ identity: identityOf("nobody"), port: 9713 });
if (refused.length > 0) throw new Error(refused.join("; "));

function attempt(work: () => unknown): unknown {
	try {
		return work();
	} catch (error) {
		return error instanceof Error && "code" in error ? error.code : String(error);
	}
}

const there = `${folder}/there`;
const worker = new Worker(URL.createObjectURL(new Blob(["postMessage('done')"])));
const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("pong") });
const answers = {
	run: attempt(() => Bun.spawnSync(["/bin/true"]).exitCode),
	create: attempt(() => writeFileSync(`${folder}/new`, "")),
	append: attempt(() => appendFileSync(there, "more")),
	remove: attempt(() => unlinkSync(there)),
	rename: attempt(() => renameSync(there, `${folder}/other`)),
	folder: attempt(() => mkdirSync(`${folder}/inner`)),
	mode: attempt(() => chmodSync(there, 0o600)),
	link: attempt(() => linkSync(there, `${folder}/link`)),
	truncate: attempt(() => truncateSync(there, 1)),
	read: attempt(() => readFileSync(there, "utf8")),
	worker: await new Promise((resolve) => worker.addEventListener("message", ({ data }) => resolve(data))),
	socket: await (await fetch(server.url)).text(),
};
console.log(JSON.stringify(answers));
process.exit(0);
