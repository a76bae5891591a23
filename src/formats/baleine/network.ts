import type { Path } from '../../config/document.js';
import type { Attachment, BridgeEntry, PublishEntry } from '../../model/config.js';
import { parseIp } from '../../model/ipv4.js';
import type { Attachments, Bridge, Container } from './file.gen.js';
import { defined, mapEntries, type Reading } from './values.js';

export function bridgeOf(raw: Bridge): BridgeEntry {
  if (raw?.external) return { external: true };
  const { subnet, host, isolated = false, uplink, protect = false } = raw ?? {};
  return defined({ subnet, host, isolated, uplink, protect });
}

/** A list has only bridges' names, a mapping has options for each. */
export function attachmentsOf(raw: Attachments = []): Record<string, Attachment> {
  const entries = Array.isArray(raw) ? Object.fromEntries(raw.map((name) => [name, null])) : raw;
  return mapEntries(entries, (entry) => {
    const { address, mac, aliases = [] } = entry ?? {};
    return defined({ address, mac: mac?.toLowerCase(), aliases });
  });
}

/** `HOST_IP:PORT:CONTAINER_PORT`, or its long form; undefined for none. */
export function publishOf(
  raw: Container['publish'] = [],
  path: Path,
  reading: Reading,
): PublishEntry[] | undefined {
  const entries = raw.map((each, i): PublishEntry => {
    if (typeof each === 'string') return partsOf(each, [...path, i], reading);
    const { proxy_protocol, ...rest } = each;
    return { ...rest, ...(proxy_protocol && { proxy_protocol: true }) };
  });
  return entries.length > 0 ? entries : undefined;
}

function partsOf(text: string, path: Path, { problems }: Reading): PublishEntry {
  const [host_ip = '', ...ports] = text.split(':');
  const [published = 0, target = 0] = ports.map(Number);
  if (parseIp(host_ip) === undefined) problems.atValue(path, `${host_ip} is no IPv4 address`);
  const wrong = [published, target].find((port) => port < 1 || port > 65_535);
  if (wrong !== undefined) problems.atValue(path, `${wrong} is no port, 1 to 65535`);
  return { host_ip, published, target };
}
