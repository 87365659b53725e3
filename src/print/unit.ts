import { lifecycle, type ServiceSetting, sandbox } from "./sandbox.ts";

/** Where the unit expects the executable and its configuration. */
export const installedExecutable = "/usr/local/bin/dnstt_exporter";
export const installedConfig = "/etc/dnstt_exporter/config.json";

function line({ name, value, why }: ServiceSetting): string {
	return `${why === undefined ? "" : `\n# ${why}\n`}${name}=${value}\n`;
}

/**
 * The hardened systemd unit (systemd.service(5)), with a line feed at its end. It has no Documentation=: systemd-analyze verify complains
 * where the manual page, or man itself, is not installed.
 */
export function systemdUnit(): string {
	return `# dnstt_exporter.service, as printed by: dnstt_exporter print systemd-unit
[Unit]
Description=Prometheus exporter for dnstt servers
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=${installedExecutable} --config.file=${installedConfig}
${lifecycle.map(line).join("")}
${sandbox.map(line).join("").trimStart()}
[Install]
WantedBy=multi-user.target
`;
}
