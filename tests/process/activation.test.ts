import { describe, expect, test } from "bun:test";
import { passedSockets } from "../../src/process/activation.ts";
import { exporterCommand } from "../support/exporter.ts";
import { parseExposition } from "../support/exposition.ts";
import { haveNetns, makeNetwork } from "../support/netns.ts";
import { ended, until } from "../support/process.ts";

test.each<[title: string, env: Record<string, string>, sockets: number[]]>([
	["two that were passed to this process", { LISTEN_PID: "7", LISTEN_FDS: "2" }, [3, 4]],
	["none that were passed to another", { LISTEN_PID: "8", LISTEN_FDS: "1" }, []],
	["none without a number", { LISTEN_PID: "7" }, []],
	["none of a number that is none", { LISTEN_PID: "7", LISTEN_FDS: "-1" }, []],
	["none of zero", { LISTEN_PID: "7", LISTEN_FDS: "0" }, []],
	["none of another kind of start", {}, []],
])("passed sockets: %s", (_, env, sockets) => {
	expect(passedSockets(env, 7)).toEqual(sockets);
});

/** Starts a command with sockets bound for it, as systemd does; Perl is in every Debian. */
const activator = `
use Socket;
my ($port, $kind, @command) = @ARGV;
socket(my $s, PF_INET, $kind eq "stream" ? SOCK_STREAM : SOCK_DGRAM, 0) or die;
setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1);
bind($s, sockaddr_in($port, INADDR_ANY)) or die "bind $!";
if ($kind eq "stream") { listen($s, 128) or die; }
require POSIX;
POSIX::dup2(fileno($s), 3) if fileno($s) != 3;
use Fcntl;
open(my $three, "<&=", 3) or die;
fcntl($three, F_SETFD, 0);
$ENV{LISTEN_FDS} = 1; $ENV{LISTEN_PID} = $$;
exec @command or die;
`;

describe.skipIf(!haveNetns() || Bun.which("perl") === null)("socket activation", () => {
	const flags = ["--dnstt.domain=t.example.com", "--capture.interface=lo"];
	const activated = (port: number, kind: string) => [
		"perl",
		"-e",
		activator,
		String(port),
		kind,
		...exporterCommand(),
		...flags,
	];

	test("the passed socket is served, a privileged port too, and the configured address is not bound", async () => {
		using network = makeNetwork();
		const namespace = network.namespace("activated");
		const child = namespace.spawn(activated(80, "stream"));
		await until(
			() => (child.stderr().includes('msg="serving"') || child.exitCode() !== null ? true : undefined),
			child.stderr,
		);
		expect(child.stderr()).toContain("url=http://0.0.0.0:80/");
		const status = await Bun.file(`/proc/${child.pid}/status`).text();
		expect(status).toMatch(/^CapPrm:\t0000000000002000$/m);
		for (let scrape = 0; scrape < 3; scrape++) {
			const response = await namespace.fetch("http://127.0.0.1:80/metrics");
			expect(response.status).toBe(200);
			const samples = parseExposition(await response.text());
			expect(samples.value("dnstt_exporter_capture_up", { interface: "lo" })).toBe(1);
		}
		await expect(namespace.fetch("http://127.0.0.1:9713/metrics")).rejects.toThrow("curl");
		child.kill("SIGTERM");
		expect(await child.exited).toBe(0);
	});

	test("a socket that does not listen ends the start with what to do", async () => {
		using network = makeNetwork();
		const namespace = network.namespace("activated");
		const { code, stderr } = await ended(namespace.spawn(activated(5000, "datagram")));
		expect(stderr).toMatch(/descriptor 3 of socket activation \(LISTEN_FDS\) is no listening socket: .*ListenStream=/);
		expect(code).toBe(1);
	});
});
