/** The rules file for Prometheus. */

import { type AlertingRule, alerts } from "./alerts.ts";
import { type RecordingRule, recordingRules, scrapeJob } from "./recording-rules.ts";

export interface RuleGroup {
	readonly name: string;
	readonly rules: readonly (RecordingRule | AlertingRule)[];
}

/** The groups run at the same time: an alert reads the records of the evaluation before, or of its own. */
export const ruleGroups: readonly RuleGroup[] = [
	{ name: "dnstt_records", rules: recordingRules },
	{ name: "dnstt_alerts", rules: alerts },
];

/** The rules as a file for Prometheus's rule_files, with a line feed at its end. */
export function prometheusRules(): string {
	const head = [
		"# Rules for Prometheus, as printed by: dnstt_exporter print prometheus-rules",
		`# The exporters are scraped under job_name: ${scrapeJob}. Names that start with domain: are of all hosts of a domain.`,
		"# runbook_url is relative to the repository: sed 's|README.md#|https://YOUR.COPY/README.md#|' makes it a link.",
	];
	return `${head.join("\n")}\n${Bun.YAML.stringify({ groups: ruleGroups }, null, 2)}\n`;
}
