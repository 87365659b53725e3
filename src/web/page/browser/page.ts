/** The status page's script: listens to the exporter and renews what changed. */

import { dayPointsMax, hourPointsMax } from "../../../status/history.ts";
import type { HistoryStatus, HistoryStep, Status } from "../../../status/status.ts";
import { count } from "../../../summary/format.ts";
import { type TableName, tableNames } from "../../../summary/tables.ts";
import { firstSortings, parts, type Sorting } from "../parts.ts";
import { automaticSpan, endMsOf, type SpanName, spanNames } from "../spans.ts";
import { Charts } from "./charts.ts";

/** The exporter sends the status every two seconds: without it for this long the connection is as good as lost. */
const silenceMsMax = 8_000;
const retryMs = 2_000;
/** The least time between two announcements of the active clients. */
const speakMs = 30_000;

const viewersTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const viewersClock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

const charts = new Charts();
const shown = new Map<string, string>();
const sortings: Record<TableName, Sorting> = { ...firstSortings };
let status: Status | undefined;
let history: HistoryStatus = { hour: [], day: [] };
/** What the viewer chose. */
let chosenSpan: SpanName | undefined;
let shownEndMs = 0;
let spokenAtMs = 0;
let spokenActive = -1;

function showStatus(): void {
	if (status === undefined) return;
	const all = parts(status, (time) => viewersTime.format(new Date(time)), sortings);
	for (const [id, html] of Object.entries(all)) {
		const element = document.getElementById(id);
		if (element === null || shown.get(id) === html) continue;
		shown.set(id, html);
		element.innerHTML = html;
	}
	const active = status.total.active_clients;
	document.documentElement.dataset.capture = status.capture.up ? "open" : "closed";
	document.title = `${count(active)} active · ${status.host} · dnstt_exporter`;
	if (active !== spokenActive && performance.now() - spokenAtMs > speakMs) {
		spokenAtMs = performance.now();
		spokenActive = active;
		textOf("spoken", `${count(active)} active clients`);
	}
}

/** Where the charts end, by the exporter's clock. */
function endMs(): number {
	return endMsOf(history, status === undefined ? 0 : Date.parse(status.time));
}

function showHistory(): void {
	shownEndMs = endMs();
	const span = chosenSpan ?? automaticSpan(history, shownEndMs);
	for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-span]"))
		button.setAttribute("aria-pressed", String(button.dataset.span === span));
	charts.show(history, span, shownEndMs);
}

function textOf(id: string, text: string): void {
	const element = document.getElementById(id);
	if (element !== null && element.textContent !== text) element.textContent = text;
}

function showConnection(state: "live" | "lost"): void {
	const element = document.getElementById("connection");
	if (element === null || element.dataset.state === state) return;
	element.dataset.state = state;
	const last = status === undefined ? "" : ` Figures are of ${viewersClock.format(new Date(status.time))}.`;
	element.textContent = state === "live" ? "Connected" : `Connection lost, trying again.${last}`;
}

let source: EventSource | undefined;
let watchdog: ReturnType<typeof setTimeout> | undefined;

function connect(): void {
	disconnect();
	const current = new EventSource("/events");
	source = current;
	heard();
	const on = <Data>(kind: string, take: (data: Data) => void) => {
		current.addEventListener(kind, (event: MessageEvent<string>) => {
			heard();
			take(JSON.parse(event.data) as Data);
		});
	};
	on<HistoryStatus>("history", (all) => {
		history = all;
		showHistory();
	});
	on<HistoryStep>("point", (step) => {
		history = {
			hour: [...history.hour, step.hour].slice(-hourPointsMax),
			day: step.day === null ? history.day : [...history.day, step.day].slice(-dayPointsMax),
		};
		showHistory();
	});
	on<Status>("status", (next) => {
		// Another version has another page.
		if (next.version !== document.documentElement.dataset.version) {
			location.reload();
			return;
		}
		status = next;
		showConnection("live");
		showStatus();
		// A gap grows while nothing is captured.
		if (endMs() !== shownEndMs) showHistory();
	});
	current.addEventListener("error", () => lose());
}

function disconnect(): void {
	clearTimeout(watchdog);
	source?.close();
	source = undefined;
}

function heard(): void {
	clearTimeout(watchdog);
	watchdog = setTimeout(lose, silenceMsMax);
}

function lose(): void {
	showConnection("lost");
	disconnect();
	watchdog = setTimeout(connect, retryMs);
}

document.addEventListener("click", (event) => {
	const button = event.target instanceof Element ? event.target.closest("button") : null;
	if (button === null) return;
	const { span: wanted, table, column, all } = button.dataset;
	const span = spanNames.find((name) => name === wanted);
	if (span !== undefined) {
		chosenSpan = span;
		showHistory();
	}
	const expanded = tableNames.find((name) => name === all);
	if (expanded !== undefined) {
		sortings[expanded] = { ...sortings[expanded], all: !sortings[expanded].all };
		showStatus();
		// The button is a new element.
		document.querySelector<HTMLButtonElement>(`button[data-all="${expanded}"]`)?.focus();
	}
	const sorted = tableNames.find((name) => name === table);
	if (sorted !== undefined && column !== undefined) sortBy(sorted, Number(column), button);
});

function sortBy(table: TableName, column: number, button: HTMLButtonElement): void {
	const before = sortings[table];
	sortings[table] = { ...before, column, reversed: before.column === column && !before.reversed };
	for (const head of document.querySelectorAll(`#${table} thead th`)) head.removeAttribute("aria-sort");
	// Names are sorted from the first, numbers from the greatest.
	const isAscending = (column === 0) !== sortings[table].reversed;
	button.closest("th")?.setAttribute("aria-sort", isAscending ? "ascending" : "descending");
	showStatus();
}

// A page in the background needs no data.
document.addEventListener("visibilitychange", () => {
	if (document.hidden) disconnect();
	else if (source === undefined) connect();
});
if (!document.hidden) connect();
