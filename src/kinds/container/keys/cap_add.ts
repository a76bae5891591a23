import { capabilitiesOf } from './capabilities.js';
import { plainKey } from './key.js';

export const cap_add = plainKey({
  schema: {
    description: 'Capabilities to add.',
    type: 'array',
    items: { $ref: '#/definitions/capability' },
    default: [],
  },
  read: (raw: string[] | undefined, path, reading) => capabilitiesOf(raw, path, reading),
  change: 'replace',
  release: true,
  flag: { flags: '--cap-add <capability>', help: 'repeatable', repeatable: true },
});
