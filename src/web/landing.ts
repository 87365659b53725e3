import { escapeHtml } from "./html.ts";

/** What the landing page shows and links to. */
export interface Landing {
	version: string;
	telemetryPath: string;
}

/** The page on `/` when the status page is off, laid out as exporter-toolkit's: name, what it is, version, links. Its style is linked, as CSP asks. */
export function landingPage({ version, telemetryPath }: Landing): string {
	return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>dnstt_exporter</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header><h1>dnstt_exporter</h1></header>
<main>
<h2>Prometheus exporter for dnstt servers</h2>
<p>Version: ${escapeHtml(version)}</p>
<ul>
<li><a href="${escapeHtml(telemetryPath)}">Metrics</a></li>
<li><a href="/-/healthy">Healthy</a>: the process answers</li>
<li><a href="/-/ready">Ready</a>: the capture is open</li>
</ul>
</main>
</body>
</html>
`;
}

/** The landing page's style sheet: system fonts, and the viewer's own light or dark colours. */
export const styleSheet = `:root { color-scheme: light dark; }
body { font-family: system-ui, sans-serif; line-height: 1.5; margin: 0; }
header { background: #b5391c; color: #fff; padding: 0.5rem 1rem; }
h1 { font-size: 1.5rem; margin: 0; }
main { padding: 0 1rem; max-width: 60rem; }
`;
