import { plainKey } from './key.js';

export const selinux = plainKey({
  schema: {
    description: 'SELinux label of its processes and mounts.',
    type: 'string',
    pattern: '^[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+(:[A-Za-z0-9_.:,-]+)?$',
    errorMessage: 'must be a label user:role:type or user:role:type:level',
  },
  read: (raw: string | undefined) => raw,
  change: 'replace',
  release: true,
  /** SELinux labels its processes, and what the runtime mounts. */
  oci: (label) => ({ process: { selinuxLabel: label }, linux: { mountLabel: label } }),
  flag: { flags: '--selinux <label>', help: 'user:role:type[:level]' },
});
