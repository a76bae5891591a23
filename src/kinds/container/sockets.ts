import { equal } from '../../model/json.js';
import type { Difference } from '../../model/plan.js';
import { placeText } from '../../model/publish.js';
import type { Row } from '../../model/resource.js';
import type { ContainerFacts, ContainerSpec } from '../../model/specs.js';
import type { ContainerSeen } from './observe.js';

/** A running one has those it was started with; a run that was cut off may have put others on record. */
export function compareSockets(
  { sockets: after }: ContainerSpec,
  { spec: { sockets: before }, facts }: Row<ContainerSpec, ContainerFacts>,
  { running }: ContainerSeen,
): Difference[] {
  const had = running ? facts.sockets : before;
  if (same(before, after) && same(had, after)) return [];
  const [was, is] = [had, after].map((all = []) => all.map(placeText));
  const reason = running ? 'sockets changed, takes a restart' : 'sockets changed';
  const change = { attribute: 'sockets', before: was, after: is, reason } as const;
  return [{ ...change, cause: 'file', effect: 'update' }];
}

type Sockets = ContainerSpec['sockets'];

const same = (a: Sockets, b: Sockets) => equal(a ?? null, b ?? null);
