import type { Entry } from '../../config/document.js';
import { below, itemsOf, mapping, mappingOf, scalar, sequence, textOf } from '../entries.js';
import { noEffect, type Rows, type Translation, translated, translateKeys } from './rows.js';

/** Keys of the long form of a port. */
export const PORT_ROWS: Rows = {
  'ports.target': translated('`target`'),
  'ports.published': translated('`published`'),
  'ports.host_ip': translated('`host_ip`'),
  'ports.protocol': translated('only `tcp`'),
  'ports.app_protocol': noEffect('it tells no port apart'),
  'ports.mode': noEffect('this host is the only one'),
  'ports.name': noEffect('nothing refers to it'),
};

/** Ports of one range. */
const MAX_RANGE = 1024;

interface Port {
  host: string;
  published: number;
  target: number;
}

/** The ports of the host that a service publishes: `publish` of baleine.yaml. */
export function publishOf(value: Entry, to: Translation): Entry | undefined {
  const items = (itemsOf(value) ?? [value]).flatMap((item) =>
    portsOf(item, to).map((port) =>
      mapping(item, [
        ['host_ip', scalar(item, port.host)],
        ['published', scalar(item, port.published)],
        ['target', scalar(item, port.target)],
      ]),
    ),
  );
  return items.length > 0 ? sequence(value, items) : undefined;
}

function portsOf(item: Entry, to: Translation): Port[] {
  if (!mappingOf(item)) return shortForm(item, to);
  translateKeys(item, PORT_ROWS, to, 'ports.');
  const text = (key: string) => {
    const found = below(item, key);
    return found && textOf(found);
  };
  const [published, target] = [text('published'), text('target') ?? ''];
  return combine(item, to, {
    host: text('host_ip'),
    published,
    target,
    protocol: text('protocol') ?? 'tcp',
  });
}

/** `[[HOST_IP:]PUBLISHED:]TARGET[/PROTOCOL]`; an IPv6 address is in brackets. */
function shortForm(item: Entry, to: Translation): Port[] {
  const text = textOf(item) ?? '';
  const [, address, protocol = 'tcp'] = /^(.*?)(?:\/([a-z]+))?$/.exec(text) ?? [];
  const [, host, published, target] =
    /^(?:(?:(\[[0-9a-fA-F:.]+\]|[0-9.]+|[0-9a-fA-F:]*::[0-9a-fA-F:]*):)?([0-9-]*):)?([0-9-]+)$/.exec(
      address ?? '',
    ) ?? [];
  if (target === undefined) {
    const hint = 'write "8080:80", "127.0.0.1:8080:80" or "53:53/udp"';
    to.loading.problems.of(item, `${JSON.stringify(text)} publishes no port`, hint);
    return [];
  }
  return combine(item, to, { host, published, target, protocol });
}

function combine(
  item: Entry,
  { loading: { problems } }: Translation,
  {
    host = '0.0.0.0',
    published,
    target,
    protocol,
  }: {
    host?: string | undefined;
    published?: string | undefined;
    target: string;
    protocol: string;
  },
): Port[] {
  const targets = rangeOf(target);
  // of several host ports for one port, Docker takes the first that is free
  const given = published ? rangeOf(published) : undefined;
  if (!targets || (published && !given)) {
    const wrong = targets ? published : target;
    problems.of(item, `${wrong} is no port or range, 1 to 65535, of at most ${MAX_RANGE}`);
    return [];
  }
  if (protocol !== 'tcp') {
    const hint = 'let clients reach the container on its network';
    problems.of(item, `port ${target}/${protocol} cannot be published: only TCP can`, hint);
    return [];
  }
  if (!given) {
    const hint = `name one: "${target}:${target}"`;
    problems.of(item, `port ${target} is published on any port of the host`, hint);
    return [];
  }
  const ports = given;
  if (ports.length !== targets.length && targets.length > 1) {
    problems.of(item, `the ranges ${published} and ${target} differ in length`);
    return [];
  }
  return targets.map((each, i) => ({
    host,
    published: ports[i] ?? 0,
    target: each,
  }));
}

function rangeOf(text: string): number[] | undefined {
  const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  const isValid = from >= 1 && to <= 65_535 && from <= to && to - from < MAX_RANGE;
  return isValid ? Array.from({ length: to - from + 1 }, (_, i) => from + i) : undefined;
}
