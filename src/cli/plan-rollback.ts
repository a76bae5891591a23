import { existsSync } from 'node:fs';
import type { Config } from '../model/config.js';
import type { Plan } from '../model/plan.js';
import type { Resource, Row } from '../model/resource.js';
import type { ContainerSpec, Held } from '../model/specs.js';
import { holdFor, membersOf, refusal, rollBack } from '../plan/rollback.js';
import type { Context } from './context.js';
import { planOf } from './make-plan.js';
import { wantedBy } from './wanted.js';

/**
 * What it takes to have a farm, or what the file has one container's entry for, as it was before
 * its last change; all else is left alone.
 *
 * @throws UserError when there is nothing to go back to
 */
export async function planRollback(
  context: Context,
  config: Config,
  rows: readonly Row[],
  name: string,
): Promise<Plan> {
  const { site } = context;
  const stack = config.name;
  const members = membersOf(name, await wantedBy(config, context, rows), stack);
  const own = rows.filter((row) => row.stack === stack);
  const held = holdFor(name, members, own);
  const back = rollBack(name, held, members, { stack, rows, site });
  refuseGone(name, held, back.resources);
  const proxy = await proxyFor(context, config, rows, members, held);
  const others = back.resources.filter(({ address }) => address !== proxy?.address);
  const targets = proxy ? [...back.targets, proxy.address] : back.targets;
  return planOf(context, stack, proxy ? [...others, proxy] : others, rows, { targets });
}

/** Somebody may have removed what the record speaks of. */
function refuseGone(name: string, held: Held, resources: readonly Resource[]): void {
  const specs = resources.map(({ spec }) => spec as ContainerSpec);
  const file = specs.find((spec) => spec.held === held)?.image.file;
  if (file === undefined || existsSync(file)) return;
  throw refusal(name, `${file} is gone`);
}

/** What a proxy goes by. */
const ASKED = ['healthcheck', 'port'];

/** A proxy asks its servers as they were, too; its configuration then is as the file asks for otherwise. */
async function proxyFor(
  context: Context,
  config: Config,
  rows: readonly Row[],
  members: readonly Resource[],
  held: Held,
): Promise<Resource | undefined> {
  const through = members[0]?.rolling?.through;
  if (!through || !held.differs.some((part) => ASKED.includes(part))) return undefined;
  const names = members.map(({ name }) => name);
  const after = rows.map((row) =>
    row.kind === 'container' && row.stack === config.name && names.includes(row.name)
      ? { ...row, spec: { ...(row.spec as ContainerSpec), held } }
      : row,
  );
  const resources = await wantedBy(config, context, after);
  return resources.find(({ address }) => address === through);
}
