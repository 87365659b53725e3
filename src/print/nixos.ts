/** The NixOS module: options made from the configuration's schema, and the service with the unit's own settings. */

import { type ConfigKey, configKeys, configSections } from "../config/keys.ts";
import { lifecycle, type ServiceSetting, sandbox } from "./sandbox.ts";

/** A Nix string (Nix manual, "String literal"). */
function text(value: string): string {
	return `"${value.replaceAll(/["\\]|\$(?=\{)/g, "\\$&")}"`;
}

/** A value that JSON could hold, as Nix. */
function nix(value: unknown): string {
	if (Array.isArray(value)) return value.length === 0 ? "[ ]" : `[ ${value.map(nix).join(" ")} ]`;
	return typeof value === "string" ? text(value) : String(value);
}

function typeOf(key: ConfigKey): string {
	if (key.choices !== undefined) return `types.enum ${nix(key.choices)}`;
	switch (key.form) {
		case "boolean":
			return "types.bool";
		case "integer":
			return "types.ints.positive";
		case "texts":
			return key.fields === undefined
				? "types.listOf types.str"
				: "types.listOf (types.either types.str (types.attrsOf types.anything))";
		case "integers":
			return "types.listOf types.port";
		case "accounts":
			return "types.nullOr (types.attrsOf types.str)";
		case "text":
			return key.default === null ? "types.nullOr types.str" : "types.str";
	}
}

/** The options of one section, or of an object inside one, as lines. */
function optionLines(keys: readonly ConfigKey[], depth: number, indent: string): string[] {
	const names = [...new Set(keys.map(({ path }) => path[depth] ?? ""))];
	return names.flatMap((name) => {
		const inside = keys.filter(({ path }) => path[depth] === name);
		const [key] = inside;
		if (key !== undefined && key.path.length === depth + 1) {
			return [
				`${indent}${name} = mkOption {`,
				`${indent}\ttype = ${typeOf(key)};`,
				`${indent}\tdefault = ${nix(key.default)};`,
				`${indent}\tdescription = ${text(`${key.description}. Expected: ${key.expected}.`)};`,
				`${indent}};`,
			];
		}
		return [`${indent}${name} = {`, ...optionLines(inside, depth + 1, `${indent}\t`), `${indent}};`];
	});
}

/** Settings as attributes; one that stands several times becomes a list. */
function serviceLines(settings: readonly ServiceSetting[], indent: string): string[] {
	const names = [...new Set(settings.map(({ name }) => name))];
	return names.flatMap((name) => {
		const found = settings.filter((setting) => setting.name === name);
		const values = found.map(({ value }) => text(value));
		const comments = found.flatMap(({ why }) => (why === undefined ? [] : [`${indent}# ${why}`]));
		return [...comments, `${indent}${name} = ${values.length === 1 ? values[0] : `[ ${values.join(" ")} ]`};`];
	});
}

/** The module, with a line feed at its end: services.prometheus.exporters.dnstt, beside those of nixpkgs. */
export function nixosModule(): string {
	const sections = configSections.flatMap(({ name, description }) => [
		`\t\t\t# ${description}.`,
		`\t\t\t${name} = {`,
		...optionLines(
			configKeys.filter(({ section }) => section === name),
			1,
			"\t\t\t\t",
		),
		"\t\t\t};",
	]);
	const service = [...lifecycle, ...sandbox];
	return `# NixOS module, as printed by: dnstt_exporter print nixos-module
{ config, lib, pkgs, ... }:
let
	inherit (lib) mkEnableOption mkIf mkOption types;
	cfg = config.services.prometheus.exporters.dnstt;

	# What is null stays out of the file: the exporter has its own default for it.
	given = value:
		if builtins.isAttrs value
		then lib.filterAttrs (name: inner: inner != null && inner != { }) (builtins.mapAttrs (name: given) value)
		else value;
	configFile = pkgs.writeText "dnstt_exporter.json" (builtins.toJSON (given cfg.settings));
	port = lib.toInt (lib.last (lib.splitString ":" cfg.settings.web.listen-address));

	dnsttOptions = {
		enable = mkEnableOption "the Prometheus exporter for dnstt servers";
		package = mkOption {
			type = types.package;
			description = "Package whose bin/dnstt_exporter is run; its derivation sets dontStrip = true, as strip leaves bare Bun.";
		};
		openFirewall = mkOption {
			type = types.bool;
			default = false;
			description = "Open the port of settings.web.listen-address in the firewall.";
		};
		environmentFile = mkOption {
			type = types.nullOr types.path;
			default = null;
			description = "File with variables such as DNSTT_EXPORTER_WEB_BASIC_AUTH=USER:HASH, which the world-readable Nix store must not hold.";
		};
		settings = {
${sections.join("\n")}
		};
	};
in
{
	# The same option is declared by nixpkgs: types of submodules are merged.
	options.services.prometheus.exporters = mkOption {
		type = types.submodule { options.dnstt = dnsttOptions; };
	};

	config = mkIf cfg.enable {
		networking.firewall.allowedTCPPorts = mkIf cfg.openFirewall [ port ];
		systemd.services.prometheus-dnstt-exporter = {
			description = "Prometheus exporter for dnstt servers";
			wantedBy = [ "multi-user.target" ];
			wants = [ "network-online.target" ];
			after = [ "network-online.target" ];
			serviceConfig = {
				ExecStart = "\${cfg.package}/bin/dnstt_exporter --config.file=\${configFile}";
				EnvironmentFile = mkIf (cfg.environmentFile != null) cfg.environmentFile;
${serviceLines(service, "\t\t\t\t").join("\n")}
			};
		};
	};
}
`;
}
