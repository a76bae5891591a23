import type { Path } from '../../../config/document.js';
import type { ParseContext } from '../../../config/values.js';
import type { PublishEntry } from '../../../model/container-values.js';
import { parseIp } from '../../../model/ipv4.js';
import { ANY_ADDRESS } from '../../../model/publish.js';
import { plainKey } from './key.js';

type Raw =
  | string
  | { host_ip: string; published: number; target: number; proxy_protocol?: boolean };

export const publish = plainKey({
  schema: {
    description: 'Ports of the host to forward to the container.',
    type: 'array',
    items: { $ref: '#/definitions/publish' },
    default: [],
  },
  read: (raw: Raw[] | undefined, path, reading) => publishOf(raw, path, reading),
  // the forwarder's configuration and the container's own sockets make it so
  change: 'record',
  release: false,
  flag: {
    flags: '-p, --publish <[address:]port:port>',
    help: 'a port of the host, on 0.0.0.0 by default, and one of the container; repeatable',
    repeatable: true,
    kept: true,
    raw: (values) => (values as string[]).map(withAddress),
  },
});

/** As in Docker, `8080:80` is on every address of the host. */
const withAddress = (text: string) => {
  const ports = text.replace(/\/tcp$/, '');
  return /^\d+:\d+$/.test(ports) ? `${ANY_ADDRESS}:${ports}` : ports;
};

/** `HOST_IP:PORT:CONTAINER_PORT`, or its long form; undefined for none. */
function publishOf(raw: Raw[] = [], path: Path, reading: ParseContext): PublishEntry[] | undefined {
  const entries = raw.map((each, i): PublishEntry => {
    if (typeof each === 'string') return partsOf(each, [...path, i], reading);
    const { proxy_protocol, ...rest } = each;
    return { ...rest, ...(proxy_protocol && { proxy_protocol: true }) };
  });
  return entries.length > 0 ? entries : undefined;
}

function partsOf(text: string, path: Path, { problems }: ParseContext): PublishEntry {
  const [host_ip = '', ...ports] = text.split(':');
  const [published = 0, target = 0] = ports.map(Number);
  if (parseIp(host_ip) === undefined) problems.atValue(path, `${host_ip} is no IPv4 address`);
  const wrong = [published, target].find((port) => port < 1 || port > 65_535);
  if (wrong !== undefined) problems.atValue(path, `${wrong} is no port, 1 to 65535`);
  return { host_ip, published, target };
}
