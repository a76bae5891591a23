import type { SharedNamespace } from '../../../model/namespaces.js';
import { resolvedKey, spec } from './key.js';
import { checkBeside, namespaceSchema } from './namespaces.js';

export const pid = resolvedKey({
  schema: namespaceSchema(
    '`service:NAME` or `container:NAME` shares the process ids of another container, as with `network_mode`: each sees and can signal the processes of the other. It ends and restarts with that one.',
    [],
    'a container sees no processes of the host',
  ),
  read: (raw: string | undefined, path, reading, siblings) => {
    checkBeside('pid', raw, path, reading, siblings);
    return raw;
  },
  as: 'pid_namespace',
  spec: spec<SharedNamespace | undefined>(),
  shown: (shared) => shared?.from,
  change: 'replace',
  release: false,
  flag: { flags: '--pid <mode>', help: 'container:NAME to share its process ids' },
});
