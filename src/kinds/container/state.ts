import type { Difference } from '../../model/plan.js';
import type { ContainerSpec } from '../../model/specs.js';
import type { ContainerSeen } from './observe.js';

/**
 * What differs about a container that is to be stopped, or was until now: then nothing else of it
 * on the host counts. Undefined when it is to run and was.
 */
export function compareState(
  desired: ContainerSpec,
  recorded: ContainerSpec,
  seen: ContainerSeen,
): Difference[] | undefined {
  if (!desired.stopped && !recorded.stopped) return undefined;
  if (desired.stopped && recorded.stopped) return leftovers(seen);
  const [before, after] = [recorded, desired].map(stateOf);
  const reason = `state ${before} → ${after}`;
  return [{ attribute: 'state', before, after, cause: 'file', effect: 'update', reason }];
}

const stateOf = ({ stopped }: ContainerSpec) => (stopped ? 'stopped' : 'running');

function leftovers(seen: ContainerSeen): Difference[] {
  const { running, mounted, netns, links } = seen;
  const linked = [...links.values()].some(({ host }) => host);
  const found = [
    running && 'its process runs',
    mounted && 'its disk is mounted',
    (netns || linked) && 'its network is there',
  ].filter((each) => each !== false);
  if (found.length === 0) return [];
  const reason = `${found.join(', ')} although it is stopped`;
  return [{ attribute: 'state', cause: 'drift', effect: 'update', reason }];
}
