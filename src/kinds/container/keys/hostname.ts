import { resolvedKey, spec } from './key.js';

export const hostname = resolvedKey({
  schema: {
    description: 'The host name. Default: the name of the container.',
    type: 'string',
    pattern:
      '^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*$',
    maxLength: 64,
    errorMessage: 'must be a host name of letters, digits, "-", "_" and ".", at most 64 characters',
  },
  read: (raw: string | undefined) => raw,
  as: 'hostname',
  spec: spec<string>(),
  change: 'replace',
  release: false,
  oci: (hostname) => ({ hostname }),
  flag: { flags: '--hostname <name>', help: 'default: its name' },
});
