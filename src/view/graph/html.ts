import { safe } from '../../model/printable.js';
import type { Topology } from '../../model/topology.js';
import css from './graph.css?raw';
import pageCss from './html.css?raw';
import { summaryText } from './labels.js';
import { variables } from './palette.js';
import { svgInline } from './svg.js';

/**
 * The picture as a self-contained page.
 *
 * @param at when the host was observed, as text
 */
export function htmlFile(topology: Topology, at: string): string {
  const title = safe(topology.stack);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>
${variables()}${css}${pageCss}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p>${safe(`${summaryText(topology)} · ${at}`)}</p>
${responsive(topology)}
</main>
</body>
</html>
`;
}

/** Widths for phones, tablets and desktops; graph.css shows the one that fits. */
const ROOMS = { small: 326, middle: 668, large: 1096 };

/** The picture in several widths, because a page without a script can only choose. */
export function responsive(topology: Topology, href?: (container: string) => string): string {
  return Object.entries(ROOMS)
    .map(([name, room]) => `<div class="room ${name}">${svgInline(topology, room, href)}</div>`)
    .join('\n');
}
