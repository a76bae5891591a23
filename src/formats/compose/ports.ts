import type { Entry } from '../../config/document.js';
import type { PublishRequest } from '../../model/container-values.js';
import { type PortText, parsePortText, requestedPorts } from '../../model/port-text.js';
import { ANY_ADDRESS, isOpen } from '../../model/publish.js';
import { below, itemsOf, mapping, mappingOf, scalar, sequence, textOf } from '../entries.js';
import { noEffect, type Rows, type Translation, translated, translateKeys } from './rows.js';

/** Keys of the long form of a port. */
export const PORT_ROWS: Rows = {
  'ports.target': translated('`target`'),
  'ports.published': translated('`published`; without it a free port, which stays'),
  'ports.host_ip': translated('`host_ip`'),
  'ports.protocol': translated('`protocol`: `tcp` or `udp`'),
  'ports.app_protocol': noEffect('it tells no port apart'),
  'ports.mode': noEffect('this host is the only one'),
  'ports.name': noEffect('nothing refers to it'),
};

/** The ports of the host that a service publishes: `publish` of baleine.yaml. */
export function publishOf(value: Entry, to: Translation): Entry | undefined {
  const items = (itemsOf(value) ?? [value]).flatMap((item) =>
    portsOf(item, to).map((port) => entryOf(item, port)),
  );
  return items.length > 0 ? sequence(value, items) : undefined;
}

function entryOf(item: Entry, port: PublishRequest) {
  const { host_ip, published, last, target, protocol, only_ipv4 } = port;
  const isAny = host_ip === ANY_ADDRESS && !only_ipv4;
  const host = last === undefined ? published : `${published}-${last}`;
  return mapping(item, [
    ['host_ip', isAny ? undefined : scalar(item, host_ip)],
    ['published', host === 0 ? undefined : scalar(item, host)],
    ['target', scalar(item, target)],
    ['protocol', protocol && scalar(item, protocol)],
  ]);
}

/**
 * Whether a service of several replicas has to share a port of the host. Otherwise each replica gets
 * its own.
 */
export function sharesPorts(value: Entry | undefined): boolean {
  return ((value && itemsOf(value)) ?? []).some((item) => {
    const text = mappingOf(item) ? longForm(item) : parsePortText(textOf(item) ?? '');
    const ports = text && requestedPorts(text);
    return Array.isArray(ports) && ports.some((each) => !isOpen(each));
  });
}

function portsOf(item: Entry, to: Translation): PublishRequest[] {
  const { problems } = to.loading;
  const isLong = mappingOf(item) !== undefined;
  if (isLong) translateKeys(item, PORT_ROWS, to, 'ports.');
  const text = isLong ? longForm(item) : parsePortText(textOf(item) ?? '');
  if (!text) {
    const hint = 'write "8080:80", "127.0.0.1:8080:80", "53:53/udp" or "80"';
    problems.of(item, `${JSON.stringify(textOf(item) ?? '')} publishes no port`, hint);
    return [];
  }
  const ports = requestedPorts(text);
  if (!('problem' in ports)) return ports;
  problems.of(item, ports.problem, ports.hint);
  return [];
}

function longForm(item: Entry): PortText {
  const text = (key: string) => {
    const found = below(item, key);
    return found && textOf(found);
  };
  return {
    host_ip: text('host_ip'),
    published: text('published'),
    target: text('target') ?? '',
    protocol: text('protocol'),
  };
}
