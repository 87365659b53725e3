/** What the service may do under systemd: the settings that the unit and the NixOS module share, each with its reason. */

import { unsafeVariables } from "../process/environment.ts";

/** A setting of systemd.exec(5), systemd.service(5) or systemd.resource-control(5). */
export interface ServiceSetting {
	readonly name: string;
	readonly value: string;
	/** Stands above it in the unit. */
	readonly why?: string;
}

/**
 * Known by systemd 247 (Debian 11) and later. Absent for a reason: MemoryDenyWriteExecute (the JIT writes code), ProcSubset=pid (Bun and
 * libpcap read /proc), PrivateNetwork (the traffic is the host's) and PrivateUsers (CAP_NET_RAW has to hold in the host's namespace).
 */
export const sandbox: readonly ServiceSetting[] = [
	{
		name: "DynamicUser",
		value: "yes",
		why: "An account that exists while the service runs, with one capability: to open the capture.",
	},
	{ name: "AmbientCapabilities", value: "CAP_NET_RAW" },
	{ name: "CapabilityBoundingSet", value: "CAP_NET_RAW" },
	{ name: "NoNewPrivileges", value: "yes" },
	{ name: "UMask", value: "0077" },
	{
		name: "UnsetEnvironment",
		value: ["BUN_BE_BUN", ...Object.keys(unsafeVariables), "NODE_OPTIONS", "LD_PRELOAD", "LD_LIBRARY_PATH"].join(" "),
		why: "Bun's runtime would run other code at the word of these.",
	},
	{
		name: "PrivateTmp",
		value: "yes",
		why: "The runtime unpacks its native library into /tmp: nobody else may put one there.",
	},
	{ name: "ProtectSystem", value: "strict" },
	{ name: "ProtectHome", value: "yes" },
	{ name: "PrivateDevices", value: "yes" },
	{ name: "ProtectProc", value: "invisible" },
	{ name: "ProtectClock", value: "yes" },
	{ name: "ProtectControlGroups", value: "yes" },
	{ name: "ProtectHostname", value: "yes" },
	{ name: "ProtectKernelLogs", value: "yes" },
	{ name: "ProtectKernelModules", value: "yes" },
	{ name: "ProtectKernelTunables", value: "yes" },
	{ name: "KeyringMode", value: "private" },
	{ name: "LockPersonality", value: "yes" },
	{ name: "RemoveIPC", value: "yes" },
	{ name: "RestrictNamespaces", value: "yes" },
	{ name: "RestrictRealtime", value: "yes" },
	{ name: "RestrictSUIDSGID", value: "yes" },
	{
		name: "RestrictAddressFamilies",
		value: "AF_PACKET AF_INET AF_INET6 AF_NETLINK AF_UNIX",
		why: "Capture; HTTP; the list of interfaces; word to systemd.",
	},
	{ name: "SystemCallArchitectures", value: "native" },
	{ name: "SystemCallFilter", value: "@system-service" },
	{ name: "SystemCallFilter", value: "~@privileged @resources" },
	{
		name: "SystemCallFilter",
		value: "capset seccomp",
		why: "Once the capture is open, the exporter takes rights and system calls away from itself.",
	},
	{ name: "SystemCallErrorNumber", value: "EPERM" },
	{
		name: "MemoryMax",
		value: "1G",
		why: "Its tables are bounded: a million tracked and a million remembered sessions fit in this.",
	},
	{ name: "TasksMax", value: "256" },
];

/** How the service lives: readiness and watchdog over $NOTIFY_SOCKET, and another try after a failure, but not with a configuration that is wrong. */
export const lifecycle: readonly ServiceSetting[] = [
	{ name: "Type", value: "notify" },
	// The shell's own kill: a small host may lack the package with the program.
	{ name: "ExecReload", value: "/bin/sh -c 'kill -HUP $MAINPID'" },
	{ name: "WatchdogSec", value: "30s" },
	{
		name: "WatchdogSignal",
		value: "SIGKILL",
		why: "At the usual SIGABRT the runtime would report a fault of its own.",
	},
	{ name: "TimeoutStopSec", value: "10s" },
	{ name: "Restart", value: "on-failure" },
	{ name: "RestartSec", value: "5s" },
	{ name: "RestartPreventExitStatus", value: "2", why: "The configuration is wrong: a restart would not fix it." },
];
