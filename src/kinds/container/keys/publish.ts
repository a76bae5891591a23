import type { Path } from '../../../config/document.js';
import type { Problems } from '../../../config/problem.js';
import type { ParseContext } from '../../../config/values.js';
import type { PublishEntry, PublishRequest } from '../../../model/container-values.js';
import { type PortText, parsePortText, requestedPorts } from '../../../model/port-text.js';
import { resolvedKey, spec } from './key.js';

type Long = Exclude<Raw, string>;

type Raw =
  | string
  | {
      host_ip?: string;
      published?: number | string;
      target?: number;
      protocol?: 'tcp' | 'udp';
      proxy_protocol?: boolean;
      socket_activation?: boolean | string;
    };

export const publish = resolvedKey({
  schema: {
    description: 'Ports of the host that lead to the container.',
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
    help: 'a port of the host, by default a free one on 0.0.0.0, and one of the container; or KEY=VALUE,… with the keys of publish in a file; repeatable',
    repeatable: true,
    raw: (values) => (values as string[]).map(flagOf),
  },
});

/** `8080:80`, or the long form of Docker's services, `published=8080,target=80`. */
function flagOf(text: string): unknown {
  if (!text.includes('=')) return text;
  const pairs = text.split(',').map((each) => {
    const [key, value = 'true'] = each.split(/=(.*)/s);
    const typed = /^(true|false|\d+)$/.test(value) ? JSON.parse(value) : value;
    return [key, typed];
  });
  return Object.fromEntries(pairs);
}

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
  if (typeof each === 'object' && each.socket_activation) {
    return activatedOf(each, path, problems);
  }
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

function textOf({ host_ip, published, target, protocol }: Long): PortText | undefined {
  if (target === undefined) return undefined;
  return { host_ip, published: published?.toString(), target: String(target), protocol };
}

/** One socket of one port, whose place among the descriptors follows from the file. */
function activatedOf(each: Long, path: Path, problems: Problems): PublishRequest[] {
  const { host_ip, target, socket_activation: name, protocol, proxy_protocol } = each;
  const published = Number(each.published ?? 0);
  if (!(published > 0)) {
    const message = 'socket_activation takes one port of the host, and it names none';
    problems.atValue(path, message, 'add published: PORT');
    return [];
  }
  if (protocol === 'udp') {
    problems.atValue([...path, 'protocol'], 'socket_activation is for TCP ports');
  }
  if (proxy_protocol) {
    const message = 'socket_activation takes no proxy_protocol: the program sees its clients';
    problems.atValue([...path, 'proxy_protocol'], message, 'remove one of both');
  }
  const found = requestedPorts({
    ...{ host_ip, published: String(published), target: String(target ?? published) },
  });
  if ('problem' in found) {
    problems.atValue(path, found.problem, found.hint);
    return [];
  }
  const socket_activation = typeof name === 'string' ? name : String(published);
  return found.map((entry) => ({ ...entry, only_ipv4: true, socket_activation }));
}
