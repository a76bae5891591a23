import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../../model/errors.js';
import type { IdRange } from '../../../model/id-range.js';
import { cgroupPath, type InstallPaths, rootfsDir } from '../../../model/install-paths.js';
import type { OciSpec } from '../../../model/oci.js';
import type { ContainerSpec } from '../../../model/specs.js';
import type { Cgroups, Started } from '../../ports.js';
import { readHierarchies } from '../cgroups/hierarchies.js';
import { readText } from '../files/read.js';
import { sameMap } from '../network/userns.js';
import type { SpawnHelper } from '../process/spawn-helper.js';
import { stagedMounts, writeBundle } from './bundle.js';
import { cleanUp } from './clear.js';
import { launchMonitor } from './conmon.js';
import { explainFailedStart } from './exec-error-code.js';
import { exitCommandOf, healAtOnce } from './exit-hook.js';
import { withIdmapStage } from './idmap-staging.js';
import { bundleFiles, stateDir } from './layout.js';
import { identify } from './process.js';
import type { ReadWriteLock } from './read-write-lock.js';
import { forgetSelected, type SelectedRuntime } from './select.js';
import { pidIn, saveStarted } from './started.js';

export interface StartContext {
  site: InstallPaths;
  cgroups: Pick<Cgroups, 'remove' | 'ensureLimits'>;
  cgroupLock: ReadWriteLock;
  spawnHelper: SpawnHelper;
  /**
   * Command that a monitor runs, followed by the container's id, when an auto-healed container
   * ends.
   */
  heal: string[];
  runtime: (wanted?: string) => Promise<SelectedRuntime>;
}

/** Starts a container. After any failure, only the log is left. */
export function startContainer(around: StartContext, spec: ContainerSpec): Promise<Started> {
  return around.spawnHelper.during(() => start(around, spec));
}

async function start(around: StartContext, spec: ContainerSpec): Promise<Started> {
  const { site, cgroupLock } = around;
  const runtime = await around.runtime(spec.runtime);
  await cleanUp(site, spec.id);
  await clearCgroup(around, spec.id);
  writeBundle(site, spec, runtime);
  try {
    return await withIdmapStage(site, spec, stagedMounts(site, spec), () =>
      cgroupLock.shared(() => launchAndStart(around, spec, runtime)),
    );
  } catch (refusal) {
    const error = explained(site, spec.id, refusal);
    await forgetSelected(site);
    await cleanUp(site, spec.id).catch((again) => {
      throw new Error(`${messageOf(error)}; then ${messageOf(again)}`);
    });
    await clearCgroup(around, spec.id);
    throw error;
  }
}

/** Uses the bundle while it still exists. */
function explained(site: InstallPaths, id: string, error: unknown): unknown {
  const config = readText(bundleFiles(site, id).config);
  if (config === undefined) return error;
  const { process } = JSON.parse(config) as OciSpec;
  return explainFailedStart(error, id, rootfsDir(site, id), process);
}

async function launchAndStart(
  { site, cgroups, heal, spawnHelper }: StartContext,
  spec: ContainerSpec,
  runtime: SelectedRuntime,
): Promise<Started> {
  const { id, logs, userns, sockets = [] } = spec;
  healAtOnce(site, id, spec.heal === 'immediate');
  const exitCommand = exitCommandOf(site, id, heal);
  const logSize = logs.max_size;
  const pid = await launchMonitor(site, spawnHelper, {
    id,
    runtime,
    logSize,
    sockets,
    exitCommand,
  });
  // Checked before the user's program runs, since that may end at once.
  const first = identify(pid);
  const monitor = identify(pidIn(bundleFiles(site, id).monitor) ?? 0);
  if (!first || !monitor) {
    throw new Error(`cannot start ${id}: ${first ? 'conmon' : runtime.name} ended at once`);
  }
  if (userns) checkIds(pid, id, userns);
  await denyDevices(cgroups, spec, site);
  const started: Started = {
    ...first,
    monitor: { pid: monitor.pid, start_time: monitor.start_time },
    started_at: new Date().toISOString(),
    runtime: runtime.name,
  };
  saveStarted(site, id, started);
  const args = ['--root', stateDir(site, runtime.name), 'start', id];
  await spawnHelper.run(runtime.path, args, `start ${id}`);
  return started;
}

/** runc places its own device rules after the configured ones, overriding what those deny. */
async function denyDevices(
  cgroups: StartContext['cgroups'],
  { id, limits }: ContainerSpec,
  site: InstallPaths,
): Promise<void> {
  if (!limits.devices?.some((rule) => 'deny' in rule)) return;
  await cgroups.ensureLimits(cgroupPath(site, id), limits, rootfsDir(site, id));
}

/** A runtime that ignores user namespaces would give the container the host's root. */
function checkIds(pid: number, id: string, range: IdRange): void {
  const maps = ['uid_map', 'gid_map'].map((name) => readText(`/proc/${pid}/${name}`) ?? '');
  if (maps.every((text) => sameMap(text, range))) return;
  throw new Error(`cannot start ${id}: the runtime did not put it into its user namespace`);
}

/** Deletes through the runtime as long as it knows the container. */
export async function clearCgroup(
  { site, cgroups, cgroupLock }: StartContext,
  id: string,
): Promise<void> {
  const cgroup = cgroupPath(site, id);
  const { named, unified } = readHierarchies();
  const roots = unified === undefined ? named : [...named, unified];
  if (!roots.some((root) => existsSync(join(root, cgroup)))) return;
  await cgroupLock.exclusive(() => cgroups.remove(cgroup));
}
