import { resolve } from 'node:path';
import type { Path } from '../../config/document.js';
import { defined, durationOf, type ParseContext } from '../../config/values.js';
import type { ProxyOptions, UpdatePolicy } from '../../model/config.js';
import type { Container, Proxy as RawProxy, Tls, Update } from './file.gen.js';

/** The container part and the proxy part of a farm's proxy. */
export function proxyOf(
  raw: RawProxy,
  { directory }: ParseContext,
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

/** Keys and defaults are Compose's, except for the order: a farm must not lose requests. */
export function updateOf(raw: Update = {}, path: Path, reading: ParseContext): UpdatePolicy {
  const time = (key: 'drain' | 'monitor', usual: string) =>
    durationOf(raw[key] ?? usual, [...path, key], reading);
  return {
    order: raw.order ?? 'start-first',
    parallelism: raw.parallelism ?? 1,
    drain: time('drain', '10s'),
    monitor: time('monitor', '0s'),
    failure_action: raw.failure_action ?? 'pause',
  };
}
