import type { ServerResponse } from 'node:http';
import { jsonText } from '../model/printable.js';
import type { Sections, Watch } from './watch.js';

/** Most pages that are kept up to date at a time. */
const MOST = 32;

/**
 * Keeps one page up to date (server-sent events, html.spec.whatwg.org): each event is an object of
 * the sections that have changed since the last one.
 */
export function stream(response: ServerResponse, watch: Watch): void {
  if (watch.size >= MOST) {
    response.writeHead(503, { 'retry-after': '10' }).end('Too many pages are open.\n');
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  let sent: Sections = {};
  const end = watch.add((sections) => {
    // one that does not keep up gets what has changed since, later
    if (response.writableNeedDrain) return;
    const changed = Object.entries(sections).filter(([name, html]) => sent[name] !== html);
    if (changed.length === 0) return;
    response.write(`data: ${jsonText(Object.fromEntries(changed))}\n\n`);
    sent = sections;
  });
  response.on('close', end);
}
