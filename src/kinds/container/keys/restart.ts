import { defined } from '../../../config/values.js';
import type { RestartPolicy } from '../../../model/container-values.js';
import { plainKey } from './key.js';

export const restart = plainKey({
  schema: {
    description:
      'The restart policy: always, no, on-failure, or on-failure:N to give up after N restarts. `unless-stopped` is the same as always: a container stopped by `stop` stays stopped until `start` with every policy.',
    type: 'string',
    pattern: '^(no|always|unless-stopped|on-failure(:[1-9][0-9]{0,5})?)$',
    default: 'always',
    errorMessage: 'must be no, always, unless-stopped, on-failure or on-failure:N',
  },
  read: (raw: string | undefined): RestartPolicy => restartOf(raw ?? 'always'),
  change: 'record',
  release: true,
});

function restartOf(raw: string): RestartPolicy {
  const [policy, max] = raw.split(':');
  const name = policy === 'unless-stopped' ? 'always' : policy;
  return defined({
    name: name as RestartPolicy['name'],
    max: max === undefined ? undefined : Number(max),
  });
}
