import type { Entry } from '../../config/document.js';
import {
  below,
  changed,
  fieldsOf,
  itemsOf,
  mapping,
  mappingOf,
  scalar,
  sequence,
  textOf,
} from '../entries.js';
import { updateOf } from './deploy.js';
import { sharesPorts } from './ports.js';
import type { Translation } from './rows.js';

/** The image of the proxies of farms: the host's HAProxy. */
export const PROXY_IMAGE = 'farm-proxy';

/** Whether several replicas are a farm; if they share no port of the host, only if asked for. */
export const spreads = (service: Entry | undefined) =>
  sharesPorts(below(service, 'ports')) ||
  (below(service, 'ports') !== undefined && below(service, 'x-baleine', 'farm') !== undefined);

/** A service with replicas and a published port: its farm, with the image of the proxy. */
export function farmOf(
  service: Entry,
  container: Entry,
  publish: Entry,
  replicas: Entry,
  to: Translation,
): Entry {
  const [first, second] = itemsOf(publish) ?? [];
  const udp = (itemsOf(publish) ?? []).find((each) => below(each, 'protocol'));
  if (udp) {
    const message = 'the replicas of a service cannot share a UDP port: a farm spreads TCP only';
    const hint = 'leave out the port of the host, and each replica has one of its own';
    to.loading.problems.of(udp, message, hint);
  }
  const target = first && below(first, 'target');
  const others = (itemsOf(publish) ?? []).find(
    (each) => textOf(below(each, 'target') ?? each) !== textOf(target ?? each),
  );
  if (second && others) {
    const message = `a service of several replicas publishes one port, and this is another one`;
    to.loading.problems.of(others, message, 'give each port a service of its own');
  }
  const place = first ?? publish;
  const bridges = below(container, 'bridges');
  const image = scalar(place, PROXY_IMAGE);
  to.resources.images.set(PROXY_IMAGE, proxyImage(place));
  const clause = below(service, 'x-baleine', 'farm');
  const mode = clause && !mappingOf(clause) ? clause : below(clause, 'mode');
  const options = clause && mappingOf(clause) ? fieldsOf(clause) : [];
  const proxy = mapping(place, [
    ['image', image],
    ['bridges', bridges && withAlias(bridges, to.name)],
    ['listen', target],
    ['mode', mode ?? scalar(place, 'tcp')],
    ['publish', publish],
    ...options.filter(([key]) => key !== 'mode'),
  ]);
  const servers = changed(container, {
    replicas,
    port: target,
    restart: below(container, 'restart'),
  });
  return mapping(service, [
    ['servers', servers],
    ['proxy', proxy],
    ['update', updateOf(service, to)],
  ]);
}

function proxyImage(place: Entry): Entry {
  const binaries = sequence(place, [scalar(place, '/usr/sbin/haproxy')]);
  const host = mapping(place, [['binaries', binaries]]);
  return mapping(place, [
    ['size', scalar(place, '64M')],
    ['from', mapping(place, [['host', host]])],
  ]);
}

function withAlias(bridges: Entry, name: string): Entry {
  const fields = fieldsOf(bridges).map(([bridge, attachment]) => {
    const own = below(attachment, 'aliases');
    const aliases = sequence(attachment, [
      scalar(attachment, name),
      ...((own && itemsOf(own)) ?? []),
    ]);
    return [bridge, mapping(attachment, [['aliases', aliases]])] as const;
  });
  return mapping(bridges, fields);
}
