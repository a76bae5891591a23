import { capabilitiesOf } from './capabilities.js';
import { plainKey } from './key.js';

export const cap_drop = plainKey({
  schema: {
    description: 'Capabilities to drop.',
    type: 'array',
    items: { $ref: '#/definitions/capability' },
    default: [],
  },
  read: (raw: string[] | undefined, path, reading) => capabilitiesOf(raw, path, reading),
  change: 'replace',
  release: true,
  flag: { flags: '--cap-drop <capability>', help: 'repeatable', repeatable: true },
});
