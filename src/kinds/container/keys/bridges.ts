import { defined, mapEntries } from '../../../config/values.js';
import type { Attachment, LinkSpec } from '../../../model/container-values.js';
import { resolvedKey, spec } from './key.js';

type Raw = string[] | Record<string, { address?: string; mac?: string; aliases?: string[] } | null>;

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
    const { address, mac, aliases = [] } = entry ?? {};
    return defined({ address, mac: mac?.toLowerCase(), aliases });
  });
}
