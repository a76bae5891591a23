import { pinReleases } from '../execute/checkpoint.js';
import { rollbackError, serviceInstances } from '../kinds/container/rollback.js';
import type { Config } from '../model/config.js';
import type { ContainerSpec } from '../model/specs.js';
import type { Store } from '../state/store.js';
import type { Context } from './context.js';
import { desiredResources } from './desired-resources.js';
import { jsonLine } from './frontend.js';
import type { RunOptions } from './options.js';
import { planRollback } from './rollback.js';
import { propose, withStore } from './with-lock.js';

/** Milliseconds. A person would rather wait for a run from cron than be refused. */
const LOCK_TIMEOUT = 10_000;

/** Rolls a service back to its previous release and pins it there, or ends the pin; answers the exit code. */
export async function rollBackService(
  context: Context,
  name: string,
  options: RunOptions & { undo?: boolean },
): Promise<number> {
  const config = await context.config();
  const { lockTimeout = LOCK_TIMEOUT } = options;
  const code = await withStore(context, { ...options, lockTimeout }, async (store) => {
    if (options.undo) return unpin(context, config, name, store, options);
    const plan = await planRollback(context, config, store.rows, name);
    return propose(context, plan, store, options, false, {
      before: () => pinReleases(plan, store),
    });
  });
  return code ?? 0;
}

async function unpin(
  context: Context,
  config: Config,
  name: string,
  store: Store,
  { json, quiet }: RunOptions,
): Promise<number> {
  const members = serviceInstances(
    name,
    await desiredResources(config, context, store.rows),
    config.name,
  );
  const rows = members.flatMap((each) => store.find('container', config.name, each.name) ?? []);
  const held = rows.filter(({ spec }) => (spec as ContainerSpec).held);
  if (held.length === 0)
    throw rollbackError(name, 'it is not rolled back, so there is nothing to undo');
  const freed = held.map(({ spec, ...row }) => {
    const { held: _held, ...rest } = spec as ContainerSpec;
    return { ...row, spec: rest };
  });
  await Promise.all(freed.map((row) => store.put(row)));
  const text = `${name} is no longer pinned: the next apply converges it to the file\n`;
  const { report } = context.frontend;
  if (json) report(jsonLine({ type: 'rollback-undone', service: name }));
  else if (!quiet) report(text);
  return 0;
}
