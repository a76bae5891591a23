import { plainKey } from './key.js';

export const apparmor = plainKey({
  schema: {
    description: 'Name of an AppArmor profile loaded on the host.',
    type: 'string',
    pattern: '^[^\\s\\x00-\\x1f"]{1,255}$',
    errorMessage: 'must be the name of an AppArmor profile, without blanks',
  },
  read: (raw: string | undefined) => raw,
  change: 'replace',
  release: true,
  oci: (apparmorProfile) => ({ process: { apparmorProfile } }),
  flag: { flags: '--apparmor <profile>', help: 'one that the host has loaded' },
});
