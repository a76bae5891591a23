import type { SharedNamespace } from '../../../model/namespaces.js';
import { resolvedKey, spec } from './key.js';
import { checkBeside, namespaceSchema } from './namespaces.js';

/** Its own with a /dev/shm that others can share, its own without /dev/shm, or that of another. */
export type Ipc = 'shareable' | 'none' | SharedNamespace;

export const ipc = resolvedKey({
  schema: namespaceSchema(
    'Shared memory, semaphores and message queues: `private`, the default; `shareable`, which others may share; `none`, private and without /dev/shm; `service:NAME` or `container:NAME`, those of another container that is `shareable`, with its /dev/shm. It starts after that one and restarts with it.',
    ['private', 'shareable', 'none'],
    'a container has no access to the shared memory of the host',
  ),
  read: (raw: string | undefined, path, reading, siblings) => {
    checkBeside('ipc', raw, path, reading, siblings);
    return raw === 'private' ? undefined : raw;
  },
  as: 'ipc',
  spec: spec<Ipc | undefined>(),
  shown: (ipc) => (typeof ipc === 'object' ? ipc.from : ipc),
  change: 'replace',
  release: false,
  flag: { flags: '--ipc <mode>', help: 'shareable, none, or container:NAME to share its memory' },
});
