import { equal } from '../../model/json.js';
import type { Difference } from '../../model/plan.js';
import { formatSocket } from '../../model/publish.js';
import type { Row } from '../../model/resource.js';
import type { ContainerFacts, ContainerSpec } from '../../model/specs.js';
import type { ContainerSeen } from './observe.js';

/**
 * The differences of a container that should be stopped, or was stopped until now: nothing else on the
 * host matters then. Undefined if it should run and did.
 */
export function compareState(
  desired: ContainerSpec,
  recorded: ContainerSpec,
  seen: ContainerSeen,
): Difference[] | undefined {
  if (!desired.stopped && !recorded.stopped) return undefined;
  if (desired.stopped && recorded.stopped) return stoppedDrift(seen);
  const [before, after] = [recorded, desired].map(stateOf);
  const reason = `state ${before} → ${after}`;
  return [{ attribute: 'state', before, after, cause: 'file', effect: 'update', reason }];
}

const stateOf = ({ stopped }: ContainerSpec) => (stopped ? 'stopped' : 'running');

function stoppedDrift(seen: ContainerSeen): Difference[] {
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

/** A running container keeps the sockets it was started with; an interrupted run may have recorded others. */
export function compareSockets(
  { sockets: after }: ContainerSpec,
  { spec: { sockets: before }, facts }: Row<ContainerSpec, ContainerFacts>,
  { running }: ContainerSeen,
): Difference[] {
  const had = running ? facts.sockets : before;
  if (same(before, after) && same(had, after)) return [];
  const [was, is] = [had, after].map((all = []) => all.map(formatSocket));
  const reason = running ? 'sockets changed, takes a restart' : 'sockets changed';
  const change = { attribute: 'sockets', before: was, after: is, reason } as const;
  return [{ ...change, cause: 'file', effect: 'update' }];
}

type Sockets = ContainerSpec['sockets'];

const same = (a: Sockets, b: Sockets) => equal(a ?? null, b ?? null);
