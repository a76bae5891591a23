import { setTimeout as sleep } from 'node:timers/promises';
import type { HealthTarget } from '../model/health.js';
import { healthTarget } from '../model/health-target.js';
import type { ContainerFacts, ContainerSpec } from '../model/specs.js';
import type { Context } from './context.js';
import { printToStderr } from './output.js';
import type { WaitOptions } from './wait-options.js';

const USUAL_TIMEOUT = 60_000;

/**
 * Waits until every container of a stack that has a health check is healthy. Answers the exit
 * code: 1 when it took too long, and those that are not are named on standard error.
 */
export async function waitHealthy(
  context: Context,
  stack: string,
  { waitTimeout = USUAL_TIMEOUT }: WaitOptions,
): Promise<number> {
  const deadline = performance.now() + waitTimeout;
  let ill = await illOf(context, targetsOf(context, stack));
  while (ill.length > 0) {
    const left = deadline - performance.now();
    if (left <= 0) return giveUp(ill, waitTimeout);
    await sleep(Math.min(500, left));
    ill = await illOf(context, targetsOf(context, stack));
  }
  return 0;
}

interface Asked {
  name: string;
  target: HealthTarget;
}

function targetsOf(context: Context, stack: string): Asked[] {
  return context.state().rows.flatMap(({ kind, name, stack: owner, spec, facts }) => {
    if (kind !== 'container' || owner !== stack) return [];
    const target = healthTarget(spec as ContainerSpec);
    return target && (facts as ContainerFacts).halted === undefined ? [{ name, target }] : [];
  });
}

async function illOf(context: Context, all: Asked[]): Promise<string[]> {
  if (all.length === 0) return [];
  const { health } = await context.host();
  const open = all.filter(({ target }) => health.exitCode(target.id) !== 0);
  const answers = await health.ask(open.map(({ target }) => target));
  await health.note(open.filter((_, index) => answers[index]?.healthy).map(idOf));
  return open.flatMap(({ name }, index) => {
    const answer = answers[index];
    if (answer?.healthy) return [];
    return [`container.${name} is not healthy: ${answer?.reason ?? 'no answer'}`];
  });
}

const idOf = ({ target }: Asked) => target.id;

function giveUp(ill: string[], limit: number): number {
  const lines = [`Error: not all are healthy after ${Math.round(limit / 1000)} s`, ...ill];
  printToStderr(`${lines.join('\n  ')}\n`);
  return 1;
}
