import type { Attachment, BridgeEntry } from '../../model/config.js';
import type { Attachments, Bridge } from '../file.gen.js';
import { defined, mapEntries } from './reading.js';

export function bridgeOf(raw: Bridge): BridgeEntry {
  if (raw?.external) return { external: true };
  const { subnet, host, isolated = false, uplink, protect = false } = raw ?? {};
  return defined({ subnet, host, isolated, uplink, protect });
}

/** A list names bridges, a mapping says more of each. */
export function attachmentsOf(raw: Attachments = []): Record<string, Attachment> {
  const entries = Array.isArray(raw) ? Object.fromEntries(raw.map((name) => [name, null])) : raw;
  return mapEntries(entries, (entry) => {
    const { address, mac, aliases = [] } = entry ?? {};
    return defined({ address, mac: mac?.toLowerCase(), aliases });
  });
}
