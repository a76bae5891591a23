import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { type Sections, Watch } from '../../../src/view/page/poller.js';
import { HEADERS } from '../../../src/view/page/request-filter.js';
import { serve } from '../../../src/view/page/server.js';

let sections: Sections = {};

async function served() {
  sections = { title: 'a < b', stack: 'shop', picture: '<svg></svg>', state: 'one' };
  const server = await serve(new Watch(async () => sections, 10), 0);
  onTestFinished(server.close);
  return server;
}

async function ask(port: number, path: string): Promise<IncomingMessage> {
  const [response] = await once(get({ host: '127.0.0.1', port, path }), 'response');
  return response;
}

it('serves the page and its assets', async () => {
  const { port } = await served();
  const page = await ask(port, '/?utm=1');
  expect(page.headers).toMatchObject({ ...HEADERS, 'content-type': 'text/html; charset=utf-8' });
  const html = await text(page);
  expect(html).toContain('<title>a &#60; b</title>');
  expect(html).toContain('<div data-part="picture"><svg></svg></div>');
  expect(html).not.toContain('{{');
  for (const [, path = ''] of html.matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
    const file = await ask(port, path);
    expect([path, file.statusCode]).toEqual([path, 200]);
    expect((await text(file)).length).toBeGreaterThan(100);
  }
  expect((await ask(port, '/constructor')).statusCode).toBe(404);
});

it('sends only changed sections', async () => {
  const { port } = await served();
  const live = await ask(port, '/live');
  expect(live.headers['content-type']).toBe('text/event-stream');
  let received = '';
  live.on('data', (chunk) => {
    received += chunk;
  });
  const events = () => received.split('\n\n').filter(Boolean);
  await expect.poll(() => events().length).toBe(1);
  sections = { ...sections, state: 'two' };
  await expect.poll(() => events().length).toBe(2);
  expect(events()[1]).toBe('data: {"state":"two"}');
});

it('ends with pages open, and frees its port', async () => {
  const { port, close } = await serve(new Watch(async () => ({}), 10), 0);
  const live = await ask(port, '/live');
  live.on('error', () => undefined);
  await expect(serve(new Watch(async () => ({})), port)).rejects.toThrow(
    `cannot listen on 127.0.0.1:${port}: the port is taken`,
  );
  await close();
  const again = await serve(new Watch(async () => ({})), port);
  await again.close();
});
