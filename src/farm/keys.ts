import { resolve } from 'node:path';
import { durationOf } from '../config/values.js';
import { unrecordedKey } from '../kinds/key.js';

// None of these is recorded in a spec of its own: what the proxy's options say is in its generated
// configuration, and the update policy is read from the file by each plan.

/** What the servers of a farm have besides the keys of a container. */
export const SERVER_KEYS = {
  port: unrecordedKey({
    schema: { description: 'The port the servers listen on.', $ref: '#/definitions/port' },
    read: (raw: number | undefined) => raw as number,
  }),
};

interface Tls {
  listen?: number;
  certificate: string;
  key?: string;
  redirect?: boolean;
}

type Snippets = { [section in 'global' | 'defaults' | 'frontend' | 'backend']?: string };

const snippet = (where: string) => ({ description: `Appended to ${where}.`, type: 'string' });

/** What the proxy of a farm has besides the keys of a container. */
export const PROXY_KEYS = {
  engine: unrecordedKey({
    schema: {
      description: 'The proxy program, which the image must contain.',
      type: 'string',
      enum: ['haproxy'],
      default: 'haproxy',
    },
    read: (raw: 'haproxy' | undefined) => raw ?? 'haproxy',
  }),
  listen: unrecordedKey({
    schema: { description: 'The port the proxy listens on.', $ref: '#/definitions/port' },
    read: (raw: number | undefined) => raw as number,
  }),
  mode: unrecordedKey({
    schema: {
      description: '`http` balances requests; `tcp` forwards connections.',
      type: 'string',
      enum: ['http', 'tcp'],
      default: 'http',
    },
    read: (raw: 'http' | 'tcp' | undefined) => raw ?? 'http',
  }),
  balance: unrecordedKey({
    schema: {
      description: "The balancing algorithm. `source` hashes the client's address.",
      type: 'string',
      enum: ['roundrobin', 'leastconn', 'source'],
      default: 'roundrobin',
    },
    read: (raw: 'roundrobin' | 'leastconn' | 'source' | undefined, _path, _reading, siblings) =>
      raw ?? ('sticky' in siblings && siblings.sticky === 'source' ? 'source' : 'roundrobin'),
  }),
  sticky: unrecordedKey({
    schema: {
      description:
        "Session affinity: by a cookie that the proxy sets (`cookie`, http only), or by the client's address (`source`). Default: none.",
      type: 'string',
      enum: ['cookie', 'source'],
    },
    read: (raw: 'cookie' | 'source' | undefined) => raw,
  }),
  tls: unrecordedKey({
    schema: { $ref: '#/definitions/tls' },
    read: (raw: Tls | undefined, path, { directoryOf }) => raw && tlsOf(raw, directoryOf(path)),
  }),
  stats: unrecordedKey({
    schema: {
      description: "The port of HAProxy's statistics page. Default: none.",
      $ref: '#/definitions/port',
    },
    read: (raw: number | undefined) => raw,
  }),
  access_log: unrecordedKey({
    schema: {
      description:
        'Log one line per request (in tcp mode, per connection), shown by `baleine logs FARM-proxy`.',
      type: 'boolean',
      default: false,
    },
    read: (raw: boolean | undefined) => raw || undefined,
  }),
  snippets: unrecordedKey({
    schema: {
      description:
        'Lines appended to sections of the generated HAProxy configuration. The proxy validates them before they take effect.',
      type: 'object',
      additionalProperties: false,
      properties: {
        global: snippet('the section global'),
        defaults: snippet('the section defaults'),
        frontend: snippet("the farm's frontend"),
        backend: snippet("the farm's backend, before its servers"),
      },
    },
    read: (raw: Snippets | undefined) => raw,
  }),
};

/** @returns absolute paths of PEM files: certificate and key, one after the other */
function tlsOf(
  { listen = 443, certificate, key, redirect = false }: Tls,
  directory: string,
): { listen: number; redirect: boolean; files: string[] } {
  const files = [certificate, key].filter((each) => each !== undefined);
  return { listen, redirect, files: files.map((each) => resolve(directory, each)) };
}

/** How servers are replaced. Keys and defaults are Compose's, except for the order: a farm must not lose requests. */
export const UPDATE_KEYS = {
  order: unrecordedKey({
    schema: {
      description:
        '`start-first` starts a spare server before it stops one, which needs an additional address. `stop-first` runs with fewer servers during the update.',
      type: 'string',
      enum: ['start-first', 'stop-first'],
      default: 'start-first',
    },
    read: (raw: 'start-first' | 'stop-first' | undefined) => raw ?? 'start-first',
  }),
  parallelism: unrecordedKey({
    schema: {
      description: 'Number of servers replaced at a time.',
      type: 'integer',
      minimum: 1,
      maximum: 100,
      default: 1,
    },
    read: (raw: number | undefined) => raw ?? 1,
  }),
  drain: unrecordedKey({
    schema: {
      description: 'Time for requests in flight to finish before a server stops.',
      $ref: '#/definitions/duration',
      default: '10s',
    },
    read: (raw: string | undefined, path, reading) => durationOf(raw ?? '10s', path, reading),
  }),
  monitor: unrecordedKey({
    schema: {
      description: 'Time a new server must stay healthy before the next one is replaced.',
      $ref: '#/definitions/duration',
      default: '0s',
    },
    read: (raw: string | undefined, path, reading) => durationOf(raw ?? '0s', path, reading),
  }),
  failure_action: unrecordedKey({
    schema: {
      description:
        'What to do when a new server fails: `pause` stops the update, `continue` goes on with the other servers, `rollback` restores the previous release and does not try again until the file or image changes.',
      type: 'string',
      enum: ['pause', 'continue', 'rollback'],
      default: 'pause',
    },
    read: (raw: 'pause' | 'continue' | 'rollback' | undefined) => raw ?? 'pause',
  }),
};
