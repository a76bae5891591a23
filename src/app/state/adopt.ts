import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execute } from '../../execute/execute.js';
import { linuxProbe } from '../../host/linux/probe.js';
import type { ContainerVerbs } from '../../kinds/container/verbs.js';
import { kinds } from '../../kinds/index.js';
import { messageOf } from '../../model/errors.js';
import { bundleDir, type InstallPaths, installPaths } from '../../model/install-paths.js';
import { buildPlan } from '../../plan/build.js';
import { findOrphans } from '../../plan/orphans.js';
import { rebindRoot } from '../../state/bind-root.js';
import {
  type Binding,
  bindingMismatch,
  bindingOf,
  readBinding,
  refuseUnmounted,
} from '../../state/installation.js';
import { acquireLock } from '../../state/lock.js';
import { openStore } from '../../state/store.js';
import type { Sink } from '../../view/view.js';
import { cleanUpRunDir } from '../cleanup-run-dir.js';
import { type Context, handlersFor, TABLES } from '../context.js';
import type { LockOptions } from '../options.js';
import { rebaseRows } from './rebase.js';

export interface AdoptOptions extends LockOptions {
  autoApprove?: boolean;
}

/**
 * Adopts a root that was copied, moved, restored or brought from another host. Its processes are ended
 * where no other root can own them, and left alone otherwise.
 */
export async function adoptRoot(context: Context, options: AdoptOptions): Promise<number> {
  const { root } = context.options;
  refuseUnmounted(root);
  const before = existsSync(root) ? readOrGuess(root, context.frontend.warn) : undefined;
  const reason = before && bindingMismatch(root, before);
  if (before !== undefined && reason === undefined) {
    context.frontend.report(`${root} belongs to this host already\n`);
    return 0;
  }
  if (before === undefined) {
    context.frontend.report(`there is nothing to adopt at ${root}\n`);
    return 0;
  }
  const [from, to] = [installPaths(before.root), installPaths(root)];
  const isOwner = ownsProcesses(root, before);
  context.frontend.report(`${root}: ${reason}.\n${describe(from, isOwner)}\n`);
  if (!options.autoApprove && !(await context.frontend.approve({ destroy: false }))) return 1;
  const lock = await acquireLock(to, { timeoutMs: options.lockTimeout ?? 0 });
  try {
    if (isOwner) await endAll(from, context.frontend.warn);
    if (isOwner && from.tag !== to.tag) cleanUpRunDir(from);
    const store = openStore(to, TABLES);
    await Promise.all(rebaseRows(store.rows, from, to).map((row) => store.put(row)));
    await rebindRoot(root);
  } finally {
    lock.release({ removeIfEmpty: true });
  }
  context.frontend.report('It is adopted. See what the next apply does: baleine plan\n');
  return 0;
}

/** An unreadable binding may be anyone's: only the paths in the rows are left. */
function readOrGuess(root: string, warn: Sink): Binding | undefined {
  try {
    return readBinding(root);
  } catch (error) {
    warn(`Warning: ${messageOf(error)}\n`);
    return { ...bindingOf(root), inode: '' };
  }
}

/**
 * Whether processes with the old mark belong to this root: no other root could own them, as after a move
 * or after a backup was restored to the same place.
 */
function ownsProcesses(root: string, before: Binding): boolean {
  if (before.machine !== bindingOf(root).machine) return false;
  if (before.root === root) return true;
  return bindingOf(before.root).inode !== before.inode || before.inode === bindingOf(root).inode;
}

function describe({ root }: InstallPaths, isOwner: boolean): string {
  const running = isOwner
    ? `What still runs of ${root} is ended; disks, images and volumes stay.`
    : `What runs of ${root} is left alone; interfaces and addresses of this one are its own.`;
  return `${running}\nThe next apply starts the containers again.`;
}

/** Ends processes, networks and mounts, but removes no file below the root. */
async function endAll(paths: InstallPaths, warn: Sink): Promise<void> {
  const handlers = await handlersFor(paths);
  const probe = await linuxProbe(paths);
  const found = findOrphans(kinds, [], undefined, probe, paths).filter(
    ({ kind }) => kind === 'container' || kind === 'bridge',
  );
  for (const stack of new Set(found.map((each) => each.stack))) {
    const orphans = found.filter((each) => each.stack === stack);
    const observed = { states: new Map(), foreign: new Map(), orphans };
    const plan = buildPlan({ stack, resources: [], rows: [], observed, kinds, paths });
    const units = plan.units.map((unit) => ({ ...unit, steps: unit.steps.map(keepFiles(paths)) }));
    const nowhere = { find: () => undefined, put: async () => {}, drop: async () => {} };
    const stop = new AbortController().signal;
    const how = { store: nowhere, handlers, emit: () => {}, parallelism: 10, stop };
    const outcome = await execute({ ...plan, units }, { ...how, keepGoing: true });
    for (const { address, error } of outcome.failed) {
      warn(`Warning: cannot end ${stack}/${address}: ${error}\n`);
    }
  }
  for (const name of ['records', 'config', 'failing']) {
    rmSync(join(paths.run, name), { recursive: true, force: true });
  }
}

/** Disks and logs are adopted. */
function keepFiles(paths: InstallPaths) {
  return <Step extends { verb: string; args: unknown }>(step: Step): Step => {
    if (step.verb !== 'container.erase') return step;
    const { bundle } = step.args as ContainerVerbs['container.erase'];
    const none = bundleDir(paths, '.none');
    return { ...step, args: { disk: none, log: none, bundle } };
  };
}
