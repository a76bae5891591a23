import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf, UserError } from '../../model/errors.js';
import { jsonText, safe } from '../../model/printable.js';
import graphCss from '../graph/graph.css?raw';
import { variables } from '../graph/palette.js';
import icon from './icon.svg?raw';
import liveJs from './live.js?raw';
import pageCss from './page.css?raw';
import template from './page.html?raw';
import type { Sections, Watch } from './poller.js';
import { HEADERS, refusalOf } from './request-filter.js';

export interface Served {
  port: number;
  /** Ends every connection. */
  close(): Promise<void>;
}

const ADDRESS = '127.0.0.1';

/**
 * Serves the page on the loopback interface.
 *
 * @param port 0 for any free port
 * @throws UserError when the port is taken or not allowed
 */
export async function serve(watch: Watch, port: number): Promise<Served> {
  const server = createServer((request, response) => {
    void answer(request, response, watch, (server.address() as AddressInfo).port);
  });
  server.listen(port, ADDRESS);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw unavailable(port, error);
  }
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Media type and text, by path. */
const FILES: Record<string, [type: string, text: string]> = {
  '/page.css': ['text/css', `${variables()}${graphCss}${pageCss}`],
  '/live.js': ['text/javascript', liveJs],
  '/icon.svg': ['image/svg+xml', icon],
};

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  watch: Watch,
  port: number,
): Promise<void> {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  const refusal = refusalOf(request, port);
  if (refusal) return send(response, refusal.status, 'text/plain', refusal.text, refusal.headers);
  const path = request.url?.split('?')[0] ?? '/';
  const file = Object.hasOwn(FILES, path) ? FILES[path] : undefined;
  if (file) return send(response, 200, ...file);
  if (path === '/live') return stream(response, watch);
  if (path !== '/') return send(response, 404, 'text/plain', 'There is only one page: /\n');
  send(response, 200, 'text/html', documentOf(await watch.now()));
}

function send(
  response: ServerResponse,
  status: number,
  type: string,
  text: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { ...headers, 'content-type': `${type}; charset=utf-8` }).end(text);
}

function unavailable(port: number, error: unknown): UserError {
  const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  return new UserError(
    `cannot listen on ${ADDRESS}:${port}: ${taken ? 'the port is taken' : messageOf(error)}`,
    'Choose another one with --port; --port 0 takes any that is free.',
  );
}

/** Sections that are plain text. */
const TEXTS = new Set(['title', 'stack', 'alert', 'state']);

/** The whole page; `{{name}}` in page.html stands for a section. */
export function documentOf(sections: Sections): string {
  return template.replace(/\{\{(\w+)\}\}/g, (_all, name: string) => {
    const part = sections[name] ?? '';
    return TEXTS.has(name) ? safe(part) : part;
  });
}

/** Maximum number of pages kept up to date at a time. */
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
    // a slow client gets the changes since then later
    if (response.writableNeedDrain) return;
    const changed = Object.entries(sections).filter(([name, html]) => sent[name] !== html);
    if (changed.length === 0) return;
    response.write(`data: ${jsonText(Object.fromEntries(changed))}\n\n`);
    sent = sections;
  });
  response.on('close', end);
}
