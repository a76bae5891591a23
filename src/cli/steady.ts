import { isSteady } from '../kinds/container/outlook.js';
import { kinds } from '../kinds/index.js';
import type { Row } from '../model/resource.js';
import type { ContainerFacts, ContainerSpec } from '../model/specs.js';
import type { Context } from './context.js';

/** Milliseconds: what was started again has recovered after that. */
const RECOVERED = 20_000;

/**
 * Whether every container of the file's stack is up, or over. After a failure to stay up, whether each
 * has stayed up for long enough to have recovered.
 */
export async function isStackSteady(context: Context, loops: boolean): Promise<boolean> {
  const { name } = await context.config();
  const rows = context.state().rows as readonly Row<ContainerSpec, ContainerFacts>[];
  const own = rows.filter(({ kind, stack }) => kind === 'container' && stack === name);
  if (own.length === 0) return true;
  const probe = await context.probe();
  return own.every((row) => {
    const seen = kinds.container.observe(row.spec, row.facts, probe, context.site);
    return seen !== undefined && isSteady(row, seen, loops ? RECOVERED : 0);
  });
}
