import type { Command } from 'commander';
import type { Context } from '../../app/context.js';
import { executeBriefly, planChange, withStoreOrWait } from '../../app/imperative/change.js';
import {
  imperativeRow,
  namedAddress,
  oneOffError,
  refuseExisting,
} from '../../app/imperative/record.js';
import type { ContainerRow } from '../../app/lookup.js';
import type { ChangeOptions } from '../../app/options.js';
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
import { addChangeOptions } from '../options.js';
import { print, printJson } from '../output.js';
import { openContext } from '../terminal.js';

export function registerRename(family: Command): void {
  addChangeOptions(family.command('rename').argument('<name>').argument('<new-name>'))
    .description('give a stopped container another name')
    .addHelpText('after', '\nExample:\n  baleine container rename web web-old')
    .action(async (name: string, to: string, options: ChangeOptions, self: Command) => {
      process.exitCode = await renameContainer(openContext(self), name, to, options);
    });
}

/**
 * Its interfaces, cgroup, namespace and bundle bear its name, and are not there while it is stopped;
 * they will be made by the new one. Disk and log have both names for a moment, so that whatever
 * ends us leaves one container, and at worst a name of its files that the next apply takes away.
 */
function renameContainer(
  context: Context,
  name: string,
  to: string,
  options: ChangeOptions,
): Promise<number> {
  const purpose = `rename container ${name}`;
  return withStoreOrWait(context, options, async (store) => {
    const row = imperativeRow(store.rows, 'container', name, purpose) as ContainerRow;
    namedAddress('container', to, purpose);
    refuseExisting(store.rows, 'container', to, purpose);
    refuseLive(row, purpose);
    const { site } = context;
    const files = filesOf(site, row.spec.id, idOf(IMPERATIVE_STACK, to));
    const { linkFile, unlinkFile } = await import('../../host/linux/disks/hard-link.js');
    for (const [before, after] of files) await linkFile(before, after);
    await Promise.all([
      store.put({ ...row, name: to, spec: renamed(row, to, site) }),
      store.drop('container', IMPERATIVE_STACK, name),
    ]);
    const host = await context.host();
    for (const [before] of files) await unlinkFile(before);
    await host.files.remove(bundleDir(site, row.spec.id));
    if (options.json) printJson({ action: 'rename', name, stack: IMPERATIVE_STACK, to });
    else print(`container.${name} is container.${to}\n`);
    return namePeers(context, store, options, to, purpose);
  });
}

function refuseLive({ name, spec }: ContainerRow, purpose: string): void {
  if (spec.one_off) throw oneOffError({ name, spec } as ContainerRow, purpose);
  if (spec.stopped) return;
  throw new UserError(
    `cannot ${purpose}: it is not stopped, and what runs bears its name`,
    `baleine container stop ${name}`,
  );
}

const filesOf = (site: InstallPaths, before: string, after: string) =>
  [diskFile, logFile].map((file) => [file(site, before), file(site, after)] as const);

function renamed({ name, spec }: ContainerRow, to: string, site: InstallPaths): ContainerSpec {
  const id = idOf(IMPERATIVE_STACK, to);
  const links = spec.links.map((each) => ({
    ...each,
    link: vethLink(site, id, each.bridge),
    alias: linkAlias(site, IMPERATIVE_STACK, `container.${to}/${each.bridge}`),
  }));
  return { ...spec, id, links, hostname: spec.hostname === name ? to : spec.hostname };
}

/** In the /etc/hosts of those on the same bridges. */
async function namePeers(
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
