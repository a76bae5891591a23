import { equal } from '../../model/json.js';
import type { Difference } from '../../model/plan.js';
import { formatHostPort } from '../../model/publish.js';
import type { Row } from '../../model/resource.js';
import type { ContainerFacts, ContainerSpec } from '../../model/specs.js';
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

/** A running one has those it was started with; a run that was cut off may have put others on record. */
export function compareSockets(
  { sockets: after }: ContainerSpec,
  { spec: { sockets: before }, facts }: Row<ContainerSpec, ContainerFacts>,
  { running }: ContainerSeen,
): Difference[] {
  const had = running ? facts.sockets : before;
  if (same(before, after) && same(had, after)) return [];
  const [was, is] = [had, after].map((all = []) => all.map(formatHostPort));
  const reason = running ? 'sockets changed, takes a restart' : 'sockets changed';
  const change = { attribute: 'sockets', before: was, after: is, reason } as const;
  return [{ ...change, cause: 'file', effect: 'update' }];
}

type Sockets = ContainerSpec['sockets'];

const same = (a: Sockets, b: Sockets) => equal(a ?? null, b ?? null);
