import type { Config } from '../model/config.js';
import { UserError } from '../model/errors.js';

/** For commands about containers of this host. @throws UserError for a stack on a swarm */
export function refuseSwarm({ engine }: Pick<Config, 'engine'>): void {
  if (engine !== 'swarm') return;
  throw new UserError('cannot do this: a swarm runs the stack, not this host', [
    `${COMMANDS} work there.`,
    '--engine local takes this host.',
  ]);
}

const COMMANDS =
  'plan, apply, up, destroy, down, ps, logs, scale, rollback, farm status, events, graph and ls';
