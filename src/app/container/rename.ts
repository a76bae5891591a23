import { readCheckpoint } from '../../host/linux/checkpoints/read.js';
import { IMPERATIVE_STACK } from '../../model/address.js';
import { UserError } from '../../model/errors.js';
import {
  bundleDir,
  diskFile,
  type InstallPaths,
  idOf,
  linkAlias,
  logFile,
  vethLink,
} from '../../model/install-paths.js';
import type { ContainerSpec } from '../../model/specs.js';
import type { Store } from '../../state/store.js';
import type { Context } from '../context.js';
import { jsonLine } from '../frontend.js';
import { executeBriefly, planChange, withStoreOrWait } from '../imperative/change.js';
import {
  imperativeRow,
  namedAddress,
  oneOffError,
  refuseExisting,
  refuseWayOut,
} from '../imperative/record.js';
import type { ContainerRow } from '../lookup.js';
import type { ChangeOptions } from '../options.js';

/**
 * Gives a stopped container another name. Its interfaces, cgroup, namespace and bundle carry the name
 * too, but exist only while it runs. Disk and log have both names for a moment: a crash leaves one
 * container and at worst a second name of its files, which the next apply removes.
 */
export function renameContainer(
  context: Context,
  name: string,
  to: string,
  options: ChangeOptions,
): Promise<number> {
  const purpose = `rename container ${name}`;
  return withStoreOrWait(context, options, async (store) => {
    const row = imperativeRow(store.rows, 'container', name, purpose) as ContainerRow;
    refuseWayOut(row, purpose);
    namedAddress('container', to, purpose);
    refuseExisting(store.rows, 'container', to, purpose);
    refuseRunning(row, purpose);
    const { paths } = context;
    refuseSaved(row, paths, purpose);
    const files = filesOf(paths, row.spec.id, idOf(IMPERATIVE_STACK, to));
    const { linkFile, unlinkFile } = await import('../../host/linux/disks/hard-link.js');
    for (const [before, after] of files) await linkFile(before, after);
    await Promise.all([
      store.put({ ...row, name: to, spec: renamed(row, to, paths) }),
      store.drop('container', IMPERATIVE_STACK, name),
    ]);
    const host = await context.host();
    for (const [before] of files) await unlinkFile(before);
    await host.files.remove(bundleDir(paths, row.spec.id));
    await host.diskSnapshots.rename(row.spec.id, idOf(IMPERATIVE_STACK, to));
    const { frontend } = context;
    const done = { action: 'rename', name, stack: IMPERATIVE_STACK, to };
    frontend.report(options.json ? jsonLine(done) : `container.${name} is container.${to}\n`);
    return updatePeers(context, store, options, to, purpose);
  });
}

function refuseRunning({ name, spec }: ContainerRow, purpose: string): void {
  if (spec.one_off) throw oneOffError({ name, spec } as ContainerRow, purpose);
  if (spec.stopped) return;
  throw new UserError(
    `cannot ${purpose}: it is not stopped, and its running processes carry its name`,
    `baleine container stop ${name}`,
  );
}

/** Saved processes know the cgroup, which has the name. */
function refuseSaved({ name, spec }: ContainerRow, paths: InstallPaths, purpose: string): void {
  if (!readCheckpoint(paths, spec.id)) return;
  throw new UserError(
    `cannot ${purpose}: it has a checkpoint, which fits that name alone`,
    `baleine container checkpoints rm ${name}`,
  );
}

const filesOf = (paths: InstallPaths, before: string, after: string) =>
  [diskFile, logFile].map((file) => [file(paths, before), file(paths, after)] as const);

function renamed({ name, spec }: ContainerRow, to: string, paths: InstallPaths): ContainerSpec {
  const id = idOf(IMPERATIVE_STACK, to);
  const links = spec.links.map((each) => ({
    ...each,
    link: vethLink(paths, id, each.bridge),
    alias: linkAlias(paths, IMPERATIVE_STACK, `container.${to}/${each.bridge}`),
  }));
  return { ...spec, id, links, hostname: spec.hostname === name ? to : spec.hostname };
}

/** Updates the /etc/hosts of the containers on the same bridges. */
async function updatePeers(
  context: Context,
  store: Store,
  options: ChangeOptions,
  to: string,
  purpose: string,
): Promise<number> {
  const targets = [namedAddress('container', to, purpose)];
  const plan = await planChange(context, store.rows, { purpose, targets });
  return executeBriefly(context, store, { ...options, json: false, silent: true }, plan);
}
