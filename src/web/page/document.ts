import type { HistoryStatus, Status } from "../../status/status.ts";
import { missingDatabase, type TableName } from "../../summary/tables.ts";
import { sectionTitles } from "../../summary/titles.ts";
import { escapeHtml } from "../html.ts";
import { firstSortings, parts, tableHead } from "./parts.ts";
import { automaticSpan, endMsOf, spanNames, spans } from "./spans.ts";

/** UTC, until the viewer's own zone is known. */
function utc(time: string): string {
	const text = new Date(time).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });
	return `${text} UTC`;
}

/** The whole status page with the figures of now in it: readable without its script, which renews them. */
export function pageDocument(status: Status, history: HistoryStatus, telemetryPath: string): string {
	const part = parts(status, utc, firstSortings);
	const names = status.domains.map(({ domain_unicode }) => escapeHtml(domain_unicode)).join(", ");
	const fill = (tag: string, id: string, attributes = "") =>
		`<${tag} id="${id}"${attributes}>${part[id] ?? ""}</${tag}>`;
	const table = (name: TableName) => `<table class="ranking" id="${name}" aria-labelledby="${name}-title">
<thead>${tableHead(name)}</thead>
${fill("tbody", `${name}-rows`)}
</table>
${fill("p", `${name}-more`, ` class="note"`)}`;
	const origins = (name: TableName, isKnown: boolean) =>
		`<section class="card" aria-labelledby="${name}-title">
<h2 id="${name}-title">${sectionTitles[name]} <span class="of">of the resolvers</span></h2>
${isKnown ? table(name) : `<p class="note">${missingDatabase[name]}</p>`}
</section>`;
	return `<!doctype html>
<html lang="en" data-version="${escapeHtml(status.version)}" data-capture="${status.capture.up ? "open" : "closed"}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(status.host)} · dnstt_exporter</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/page.css">
<script type="module" src="/page.js"></script>
</head>
<body>
<header>
<div><h1>dnstt_exporter on ${escapeHtml(status.host)}</h1><p class="note">${names}</p>${fill("p", "state", ` class="state" aria-live="polite"`)}</div>
<p id="connection" role="status" data-state="still">Connecting…</p>
</header>
<main>
<noscript><p class="note">These figures are from ${utc(status.time)}. Without JavaScript the page does not update: reload it for newer ones.</p></noscript>
${fill("ul", "conditions", ` class="conditions" aria-label="${sectionTitles.conditions}"`)}
<section aria-labelledby="now-title">
<h2 id="now-title" class="unseen">Now</h2>
${fill("div", "now", ` class="now card"`)}
<p id="spoken" class="unseen" aria-live="polite"></p>
</section>
<section class="card charts" aria-labelledby="charts-title">
<div class="heading"><h2 id="charts-title">Over time</h2>
<div class="spans" role="group" aria-label="Span of the charts">${spanButtons(status, history)}</div></div>
<div class="chart tall"><h3>Active clients</h3><div class="plot" id="active-chart" role="img" aria-label="Active clients over time"></div></div>
<div class="chart"><h3>Queries per second</h3><div class="plot" id="queries-chart" role="img" aria-label="Queries per second over time"></div></div>
<div class="chart"><h3>Traffic</h3><div class="plot strips" id="traffic-chart" role="img" aria-label="Traffic over time"><span class="strip">Received</span><span class="strip sent">Sent</span></div></div>
</section>
<section class="card" aria-labelledby="domains-title">
<h2 id="domains-title">${sectionTitles.domains}</h2>
${table("domains")}
</section>
${origins("countries", status.countries !== null)}
${origins("asns", status.asns !== null)}
<section class="card" aria-labelledby="health-title">
<h2 id="health-title">${sectionTitles.health} ${fill("span", "health-span", ` class="of"`)}</h2>
${fill("dl", "health", ` class="entries"`)}
${fill("div", "health-total", ` class="total"`)}
</section>
<section class="card" aria-labelledby="capture-title">
<h2 id="capture-title">${sectionTitles.capture}</h2>
${fill("dl", "capture", ` class="entries"`)}
</section>
</main>
<footer>
<nav aria-label="Other pages"><a href="${escapeHtml(telemetryPath)}">${escapeHtml(telemetryPath)}</a> <a href="/status.json">/status.json</a> <a href="/-/healthy">/-/healthy</a> <a href="/-/ready">/-/ready</a></nav>
<p>Version: ${escapeHtml(status.version)}</p>
</footer>
</body>
</html>
`;
}

function spanButtons({ time }: Status, history: HistoryStatus): string {
	const pressed = automaticSpan(history, endMsOf(history, Date.parse(time)));
	return spanNames
		.map(
			(name) =>
				`<button type="button" data-span="${name}" aria-pressed="${name === pressed}">${spans[name].title}</button>`,
		)
		.join("");
}
