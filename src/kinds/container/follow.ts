import { addressOf } from '../../model/address.js';
import type { Resource, Row } from '../../model/resource.js';
import type { ContainerFacts, ContainerSpec } from '../../model/specs.js';
import type { Step } from '../../model/step.js';
import type { Follows, PlannedSteps } from '../kind.js';
import { ownerName, sharedOf, wasReplaced } from './namespaces.js';
import type { ContainerSeen } from './observe.js';

/**
 * A running container restarts after the owner of a namespace that it shares gets another one, and
 * after a dependency with `restart: true` that is changed or restarted on request.
 */
export function follow(
  { address, spec }: Resource<ContainerSpec>,
  row: Row<ContainerSpec, ContainerFacts>,
  seen: ContainerSeen,
  planned: PlannedSteps,
): Follows | undefined {
  if (seen.paused || spec.stopped || spec.one_off || spec.run) return undefined;
  // the first process of a pid namespace takes all others with it: that is no crash to wait after
  if (!seen.running && (!endedWithOwner(spec, seen) || starts(planned(address)))) return undefined;
  for (const { key, shared } of sharedOf(row.spec)) {
    if (!shared.from.startsWith('service:') || (!seen.running && key !== 'pid')) continue;
    const theirs = planned(addressOf('container', ownerName(shared)));
    if (!theirs || !starts(theirs)) continue;
    const isAbsent = seen.shared?.[key] === 'absent';
    if (key === 'network_mode' && !isAbsent && !has(theirs.steps, 'container.disconnect')) continue;
    return { reason: wasReplaced(key, shared), drift: theirs.drift };
  }
  if (!seen.running) return undefined;
  for (const { name } of spec.depends_on?.filter((each) => each.restart) ?? []) {
    const theirs = planned(addressOf('container', name));
    if (!theirs || theirs.drift || !starts(theirs)) continue;
    return { reason: `${name} is restarted`, drift: false };
  }
  return undefined;
}

const SIGKILL = 128 + 9;

/** By all that is known: it was killed, and its restart policy would start it. */
const endedWithOwner = ({ pid_namespace, restart }: ContainerSpec, { exit }: ContainerSeen) =>
  pid_namespace !== undefined && restart.name !== 'no' && exit?.code === SIGKILL;

const starts = (planned: ReturnType<PlannedSteps>) =>
  planned !== undefined && has(planned.steps, 'container.start');

const has = (steps: readonly Step[], verb: string) => steps.some((step) => step.verb === verb);
