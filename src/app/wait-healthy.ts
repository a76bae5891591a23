import { isDown } from '../kinds/container/restart-decision.js';
import { kinds } from '../kinds/index.js';
import { describeExit } from '../model/exit.js';
import { type HealthTarget, healthTarget } from '../model/health.js';
import { poll } from '../model/poll.js';
import { printable } from '../model/printable.js';
import type { Row } from '../model/resource.js';
import type { ContainerFacts, ContainerSpec } from '../model/specs.js';
import type { Context } from './context.js';
import type { WaitOptions } from './options.js';
import { isOfService } from './services.js';

const DEFAULT_TIMEOUT = 60_000;

/**
 * Waits until every container of a stack is up, and healthy if it has a health check. A container that
 * may end by its restart policy need not be up. Answers the exit code: 1 after the timeout, or at once
 * if a container is down and nothing restarts it. The others are then listed on standard error.
 *
 * @param services only those of these services
 */
export async function waitHealthy(
  context: Context,
  stack: string,
  { waitTimeout = DEFAULT_TIMEOUT }: WaitOptions,
  services?: readonly string[],
): Promise<number> {
  const isOurs = ({ kind, name, stack: owner }: Row) =>
    kind === 'container' && owner === stack && (!services || isOfService(name, services));
  const find = async () => {
    const down = await findDown(context, isOurs);
    const ill = await findUnhealthy(context, targetsOf(context, isOurs));
    const said = [...down.map((each) => each.said), ...ill];
    return { said, isFinal: down.some((each) => each.isFinal) };
  };
  const { said, isFinal } = await poll(find, {
    until: (found) => found.isFinal || found.said.length === 0,
    limit: waitTimeout,
    pause: 500,
  });
  if (said.length === 0) return 0;
  const what = isFinal ? 'not all stay up' : `not all are healthy after ${waitTimeout / 1000} s`;
  return fail(context, what, said);
}

interface Down {
  said: string;
  /** It stays down until the next apply. */
  isFinal: boolean;
}

async function findDown(context: Context, isOurs: (row: Row) => boolean): Promise<Down[]> {
  const own = context.state().rows.filter(isOurs) as Row<ContainerSpec, ContainerFacts>[];
  if (own.length === 0) return [];
  const probe = await context.probe();
  return own.flatMap(({ name, spec, facts }) => {
    const seen = kinds.container.observe(spec, facts, probe, context.paths);
    if (spec.stopped || facts.halted !== undefined || (seen && !isDown(spec, seen))) return [];
    const how = seen?.exit ? `ended with ${describeExit(seen.exit)}` : 'is gone';
    return [{ said: `container.${name} ${how}`, isFinal: spec.heal !== 'immediate' }];
  });
}

interface HealthCheck {
  name: string;
  target: HealthTarget;
}

function targetsOf(context: Context, isOurs: (row: Row) => boolean): HealthCheck[] {
  const rows = context.state().rows.filter(isOurs);
  return rows.flatMap(({ name, spec, facts }) => {
    const target = healthTarget(spec as ContainerSpec);
    return target && (facts as ContainerFacts).halted === undefined ? [{ name, target }] : [];
  });
}

async function findUnhealthy(context: Context, all: HealthCheck[]): Promise<string[]> {
  if (all.length === 0) return [];
  const { health } = await context.host();
  const open = all.filter(({ target }) => health.exitCode(target.id) !== 0);
  const answers = await health.checkAll(open.map(({ target }) => target));
  await health.recordChecks(open.filter((_, index) => answers[index]?.healthy).map(idOf));
  return open.flatMap(({ name }, index) => {
    const answer = answers[index];
    if (answer?.healthy) return [];
    return [`container.${name} is not healthy: ${answer?.reason ?? 'no answer'}`];
  });
}

const idOf = ({ target }: HealthCheck) => target.id;

function fail({ frontend }: Context, what: string, details: string[]): number {
  const lines = [`Error: ${what}`, ...details.map(printable)];
  frontend.warn(`${lines.join('\n  ')}\n`);
  return 1;
}
