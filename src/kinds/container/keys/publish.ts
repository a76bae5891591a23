import type { Path } from '../../../config/document.js';
import type { ParseContext } from '../../../config/values.js';
import type { PublishEntry, PublishRequest } from '../../../model/container-values.js';
import { parsePortText, requestedPorts } from '../../../model/port-text.js';
import { resolvedKey, spec } from './key.js';

type Raw =
  | string
  | {
      host_ip?: string;
      published?: number | string;
      target: number;
      protocol?: 'tcp' | 'udp';
      proxy_protocol?: boolean;
    };

export const publish = resolvedKey({
  schema: {
    description: 'Ports of the host to forward to the container.',
    type: 'array',
    items: { $ref: '#/definitions/publish' },
    default: [],
  },
  read: (raw: Raw[] | undefined, path, reading) => publishOf(raw, path, reading),
  as: 'publish',
  spec: spec<PublishEntry[] | undefined>(),
  // the forwarder's configuration and the container's own sockets make it so
  change: 'record',
  release: false,
  flag: {
    flags: '-p, --publish <[[address:]port:]port[/udp]>',
    help: 'a port of the host, by default a free one on 0.0.0.0, and one of the container; repeatable',
    repeatable: true,
    raw: (values) => values,
  },
});

/** Undefined for none. */
function publishOf(
  raw: Raw[] = [],
  path: Path,
  reading: ParseContext,
): PublishRequest[] | undefined {
  const all = raw.map((each, at) => requestsOf(each, [...path, at], reading));
  const isShifted = all.some((each) => each.length !== 1);
  const entries = all.flatMap((each, at) =>
    isShifted ? each.map((entry) => ({ ...entry, at })) : each,
  );
  return entries.length > 0 ? entries : undefined;
}

function requestsOf(each: Raw, path: Path, { problems }: ParseContext): PublishRequest[] {
  const text = typeof each === 'string' ? parsePortText(each) : textOf(each);
  if (!text) {
    problems.atValue(path, `${JSON.stringify(each)} publishes no port`, HINT);
    return [];
  }
  const found = requestedPorts(text);
  if ('problem' in found) {
    problems.atValue(path, found.problem, found.hint);
    return [];
  }
  if (typeof each === 'string' || !each.proxy_protocol) return found;
  if (text.protocol === 'udp') {
    problems.atValue([...path, 'proxy_protocol'], 'proxy_protocol is for TCP connections');
  }
  return found.map((entry) => ({ ...entry, proxy_protocol: true }));
}

const HINT = 'write "8080:80", "127.0.0.1:8080:80", "53:53/udp" or "80"';

const textOf = ({ host_ip, published, target, protocol }: Exclude<Raw, string>) => ({
  host_ip,
  published: published?.toString(),
  target: String(target),
  protocol,
});
