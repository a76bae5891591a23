import type { Topology } from '../../model/topology.js';
import { safe } from '../markup.js';
import css from './graph.css?raw';
import pageCss from './html.css?raw';
import { variables } from './palette.js';
import { responsive } from './responsive.js';
import { summaryWords } from './words.js';

/**
 * The picture as a page of its own that needs nothing from elsewhere.
 *
 * @param at when the look was taken, in words
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
<p>${safe(`${summaryWords(topology)} · ${at}`)}</p>
${responsive(topology)}
</main>
</body>
</html>
`;
}
