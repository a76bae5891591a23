import { resolve } from 'node:path';
import type { ProxyOptions } from '../../model/config.js';
import type { Container, Proxy as RawProxy, Tls } from '../file.gen.js';
import { defined, type Reading } from './reading.js';

/** What of a farm's proxy makes it a container, and what makes it a proxy. */
export function proxyOf(
  raw: RawProxy,
  { directory }: Reading,
): { container: Container; options: ProxyOptions } {
  const { engine = 'haproxy', listen, mode = 'http', balance, ...rest } = raw;
  const { sticky, tls, stats, access_log, snippets, ...container } = rest;
  const options = {
    engine,
    listen,
    mode,
    balance: balance ?? (sticky === 'source' ? 'source' : 'roundrobin'),
    sticky,
    tls: tls && tlsOf(tls, directory),
    stats,
    access_log: access_log || undefined,
    snippets,
  } as const;
  return { container, options: defined(options) };
}

function tlsOf({ listen = 443, certificate, key, redirect = false }: Tls, directory: string) {
  const files = [certificate, key].filter((each) => each !== undefined);
  return { listen, redirect, files: files.map((each) => resolve(directory, each)) };
}
