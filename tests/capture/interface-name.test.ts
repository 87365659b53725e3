import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { interfaceNameOf } from "../../src/capture/interface-name.ts";
import { runCommand } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";

const module = join(import.meta.dir, "../../src/capture/interface-name.ts");

test("the loopback interface is found by its number, and none for one that no interface has", () => {
	expect(interfaceNameOf(1)).toBe("lo");
	expect(interfaceNameOf(2 ** 31 - 1)).toBeNull();
});

// Only root may mount. The kernel's module for bonding puts a file among the folders of the interfaces; an interface can go while it is read.
test.skipIf(process.getuid?.() !== 0)(
	"each is found beside what is no interface, in whatever order they are listed",
	async () => {
		using folder = temporaryFolder();
		const names = Array.from({ length: 8 }, (_, index) => `eth${index}`);
		for (const [index, name] of names.entries()) {
			if (index === 4) await Bun.write(folder.file("bonding_masters"), "bond0\n");
			mkdirSync(folder.file(name));
			await Bun.write(join(folder.file(name), "ifindex"), `${index + 1}\n`);
		}
		const script = `const { interfaceNameOf } = await import(${JSON.stringify(module)});
		console.log(JSON.stringify([1, 2, 3, 4, 5, 6, 7, 8].map(interfaceNameOf)));`;
		const mount = 'mount --bind "$0" /sys/class/net && exec "$@"';
		const { stdout } = await runCommand([
			"unshare",
			"--mount",
			"sh",
			"-c",
			mount,
			folder.path,
			process.execPath,
			"-e",
			script,
		]);
		expect(JSON.parse(stdout)).toEqual(names);
	},
);
