import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf, UserError } from '../model/errors.js';
import graphCss from '../view/graph/graph.css?raw';
import { variables } from '../view/graph/palette.js';
import { HEADERS, refusalOf } from './guard.js';
import icon from './icon.svg?raw';
import liveJs from './live.js?raw';
import pageCss from './page.css?raw';
import { documentOf } from './page.js';
import { stream } from './stream.js';
import type { Watch } from './watch.js';

export interface Served {
  port: number;
  /** Ends every connection. */
  close(): Promise<void>;
}

const ADDRESS = '127.0.0.1';

/**
 * Serves the page on the loopback interface.
 *
 * @param port 0 for any that is free
 * @throws UserError when the port cannot be had
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

/** By path: media type and text. */
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
