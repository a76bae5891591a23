import type { SharedNamespace } from '../../../model/namespaces.js';
import { resolvedKey, spec } from './key.js';
import { checkBeside, namespaceSchema } from './namespaces.js';

export const network_mode = resolvedKey({
  schema: namespaceSchema(
    '`service:NAME` shares the network of another container of this file: its addresses, ports, host name and names of peers. `container:NAME` does so with one of another stack (STACK.NAME if several have it) or an imperative one. `none`, as without bridges: a loopback device alone. It starts after the other one, and restarts when that one gets another network.',
    ['none'],
    'a container has a network of its own; put it on a bridge where the host has an address',
  ),
  /** Undefined: a network of its own, which has no links without bridges. */
  read: (raw: string | undefined, path, reading, siblings) => {
    checkBeside('network_mode', raw, path, reading, siblings);
    return raw === 'none' ? undefined : raw;
  },
  as: 'network',
  spec: spec<SharedNamespace | undefined>(),
  shown: (network) => network?.from,
  change: 'replace',
  release: false,
  flag: { flags: '--network <mode>', help: 'none, or container:NAME to share its network' },
});
