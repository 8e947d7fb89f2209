/**
 * Page: the one HTML document of the dashboard, and what a browser may do with it. Main thread.
 *
 * The import map has to be written in the page; it is the one script that is, and allowed by its hash.
 */
import { createHash } from 'node:crypto';

export interface Page {
  readonly body: Buffer;
  /** The Content-Security-Policy: everything comes from here, and nothing may frame it or be sent elsewhere. */
  readonly policy: string;
}

/** pageOf makes the page from the import map and the modules that a browser should fetch at once rather than one after the other. */
export function pageOf(imports: Readonly<Record<string, string>>, modules: readonly string[], prefix: string): Page {
  const map = JSON.stringify({ imports });
  const hash = createHash('sha256').update(map).digest('base64');
  const preloads = modules.map((path) => `<link rel="modulepreload" href="${path}">`).join('\n');
  const body = Buffer.from(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Sluice</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${prefix}uplot.css">
<link rel="stylesheet" href="${prefix}style.css">
<script type="importmap">${map}</script>
${preloads}
<script src="${prefix}uplot.js" defer></script>
<script type="module" src="${prefix}main.js"></script>
</head>
<body>
<div id="app"><noscript>The dashboard needs JavaScript. The same is in <code>sluice ctl</code>.</noscript></div>
</body>
</html>
`);
  const policy = [
    "default-src 'none'",
    `script-src 'self' 'sha256-${hash}'`,
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return { body, policy };
}
