import { addressOf, parseAddress } from '../../model/address.js';
import { timeToHealthy } from '../../model/health.js';
import { idOf, parseId } from '../../model/install-paths.js';
import type { Resource, Row } from '../../model/resource.js';
import type { AwaitedSpec, ContainerFacts, ContainerSpec } from '../../model/specs.js';
import type { StepOf } from '../../model/step.js';
import type { Peers } from '../kind.js';
import { ownerName, sharedOf } from './namespaces.js';
import type { ContainerVerbs } from './verbs.js';

/** Milliseconds within which a job must complete; a migration can take minutes. */
const COMPLETION_LIMIT = 600_000;

/**
 * Steps that check each condition of `depends_on`, before every start and restart. The plan starts
 * dependencies first, so a condition is checked after they have been started.
 */
export function awaits(
  { spec, needs }: Pick<Resource<ContainerSpec>, 'spec' | 'needs'>,
  peers: Peers = () => undefined,
): StepOf<ContainerVerbs>[] {
  const conditions = spec.depends_on ?? [];
  const named = conditions.flatMap(({ restart: _restart, ...dependency }): AwaitedSpec[] => {
    const row = peers(addressOf('container', dependency.name)) as ContainerRow | undefined;
    if (dependency.condition === 'service_started' && row && hasStarted(row)) return [];
    return [{ ...dependency, ...recordedExit(row) }];
  });
  const conditional = new Set(conditions.map(({ name }) => name));
  // of another stack: what it is at the moment is in no row of this one
  const foreign = sharedOf(spec)
    .filter(({ shared }) => shared.from.startsWith('container:'))
    .map(({ shared }): AwaitedSpec => {
      return { name: ownerName(shared), id: shared.id, condition: 'service_started' };
    });
  const started = needs.flatMap((address): AwaitedSpec[] => {
    const { kind, name = '' } = parseAddress(address) ?? {};
    if (kind !== 'container' || conditional.has(name)) return [];
    const row = peers(address) as ContainerRow | undefined;
    if (row && hasStarted(row)) return [];
    const id = row?.spec.id ?? idOf(parseId(spec.id)?.stack ?? '', name);
    return [{ name, id, condition: 'service_started' }];
  });
  return [...named, ...started, ...unique(foreign)].map((dependency) => ({
    verb: 'container.await',
    args: { dependency, limit: limitOf(dependency) },
    reason: `${dependency.name}: ${dependency.condition}`,
  }));
}

const unique = (all: AwaitedSpec[]) => [...new Map(all.map((each) => [each.id, each])).values()];

type ContainerRow = Row<ContainerSpec, ContainerFacts>;

/** The row of a stopped container, or of one that could not be started, has no process. */
const hasStarted = ({ spec, facts }: ContainerRow) => !spec.stopped && facts.pid !== undefined;

/** The exit code in the row, which survives a reboot of the host. */
function recordedExit(row: Row | undefined): Pick<AwaitedSpec, 'exit'> {
  const code = (row as ContainerRow | undefined)?.facts.ended?.code;
  return code === undefined ? {} : { exit: code };
}

function limitOf({ condition, target }: AwaitedSpec): number {
  if (condition === 'service_started') return 0;
  return target ? timeToHealthy(target.check) : COMPLETION_LIMIT;
}
