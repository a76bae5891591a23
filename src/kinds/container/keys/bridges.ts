import { defined, mapEntries } from '../../../config/values.js';
import type { Attachment, LinkSpec } from '../../../model/container-values.js';
import { canonical6 } from '../../../model/ipv6.js';
import { resolvedKey, spec } from './key.js';

interface RawAttachment {
  address?: string;
  address6?: string;
  mac?: string;
  port_security?: boolean;
  aliases?: string[];
}

type Raw = string[] | Record<string, RawAttachment | null>;

export const bridges = resolvedKey({
  schema: { $ref: '#/definitions/attachments' },
  read: (raw: Raw | undefined) => attachmentsOf(raw),
  as: 'links',
  spec: spec<LinkSpec[]>(),
  change: 'custom',
  release: false,
});

/** A list has only bridges' names, a mapping has options for each. */
function attachmentsOf(raw: Raw = []): Record<string, Attachment> {
  const entries = Array.isArray(raw) ? Object.fromEntries(raw.map((name) => [name, null])) : raw;
  return mapEntries(entries, (entry) => {
    const { address, address6: raw6, mac, port_security, aliases = [] } = entry ?? {};
    const address6 = raw6 === undefined ? undefined : canonical6(raw6);
    return defined({ address, address6, mac: mac?.toLowerCase(), port_security, aliases });
  });
}
