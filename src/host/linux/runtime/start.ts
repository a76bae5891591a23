import { chownSync, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { runtimeNameOf } from '../../../kinds/container/keys/wasm.js';
import type { IdRange } from '../../../model/container-values.js';
import { messageOf } from '../../../model/errors.js';
import { cgroupPath, type InstallPaths, rootfsDir } from '../../../model/install-paths.js';
import type { OciSpec } from '../../../model/oci.js';
import type { ContainerSpec } from '../../../model/specs.js';
import type { Cgroups, Started } from '../../ports.js';
import { readHierarchies } from '../cgroups/hierarchies.js';
import { readText } from '../files/read.js';
import { sameMap } from '../network/userns.js';
import type { SpawnHelper } from '../process/spawn-helper.js';
import { readyVolumes } from '../volumes/ready.js';
import { stagedMounts, writeBundle } from './bundle.js';
import { cleanUp } from './clear.js';
import { launchMonitor } from './conmon.js';
import { explainFailedStart } from './exec-error-code.js';
import { exitCommandOf, healAtOnce } from './exit-hook.js';
import { withIdmapStage } from './idmap-staging.js';
import { bundleFiles, stateDir } from './layout.js';
import { identify } from './process.js';
import type { ReadWriteLock } from './read-write-lock.js';
import { explainFailedRestore, isolated, writeRestoreOptions } from './restored.js';
import { forgetSelected, type SelectedRuntime } from './select.js';
import { checkShared, ensureShm } from './shared-namespaces.js';
import { pidIn, saveStarted } from './started.js';
import { withSubpaths } from './subpaths.js';

export interface StartContext {
  paths: InstallPaths;
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

/**
 * Starts a container. After any failure, only the log is left.
 *
 * @param images a folder with the saved processes that it continues with
 */
export function startContainer(
  context: StartContext,
  spec: ContainerSpec,
  images?: string,
): Promise<Started> {
  return context.spawnHelper.during(async () => {
    await readyVolumes(context.paths, spec.mounts);
    return withSubpaths(spec, (opened) => start(context, opened, images));
  });
}

async function start(
  context: StartContext,
  spec: ContainerSpec,
  images?: string,
): Promise<Started> {
  const { paths, cgroupLock } = context;
  const runtime = await context.runtime(runtimeNameOf(spec));
  await cleanUp(paths, spec.id);
  await clearCgroup(context, spec.id);
  await ensureShm(paths, spec);
  writeBundle(paths, spec, runtime, spec.tty ? {} : undefined);
  try {
    return await withIdmapStage(paths, spec, stagedMounts(paths, spec), () =>
      cgroupLock.shared(() => launchAndStart(context, spec, runtime, images)),
    );
  } catch (refusal) {
    const error =
      images === undefined
        ? explained(paths, spec.id, refusal)
        : explainFailedRestore(paths, spec.id, refusal);
    await forgetSelected(paths);
    await cleanUp(paths, spec.id).catch((again) => {
      throw new Error(`${messageOf(error)}; then ${messageOf(again)}`);
    });
    await clearCgroup(context, spec.id);
    throw error;
  }
}

/** Uses the bundle while it still exists. */
function explained(paths: InstallPaths, id: string, error: unknown): unknown {
  const config = readText(bundleFiles(paths, id).config);
  if (config === undefined) return error;
  const { process } = JSON.parse(config) as OciSpec;
  return explainFailedStart(error, id, rootfsDir(paths, id), process);
}

async function launchAndStart(
  { paths, cgroups, heal, spawnHelper }: StartContext,
  spec: ContainerSpec,
  runtime: SelectedRuntime,
  images: string | undefined,
): Promise<Started> {
  const { id, logs, userns, sockets = [] } = spec;
  healAtOnce(paths, id, spec.heal === 'immediate');
  const exitCommand = exitCommandOf(paths, id, heal);
  const logSize = logs.max_size;
  if (images !== undefined) writeRestoreOptions(paths, id);
  const launch = () =>
    launchMonitor(paths, spawnHelper, {
      id,
      runtime,
      logSize,
      sockets,
      exitCommand,
      terminal: spec.tty ?? false,
      input: spec.stdin_open ?? false,
      images,
      ...(spec.run?.timeout !== undefined && { timeout: spec.run.timeout }),
    });
  const pid = await (images === undefined ? launch() : isolated(id, launch));
  // Checked before the user's program runs, since that may end at once.
  const first = identify(pid);
  const monitor = identify(pidIn(bundleFiles(paths, id).monitor) ?? 0);
  if (!first || !monitor) {
    throw new Error(`cannot start ${id}: ${first ? 'conmon' : runtime.name} ended at once`);
  }
  if (userns) checkIds(pid, id, userns);
  checkShared(paths, spec, pid);
  await completeLimits(cgroups, spec, paths);
  const started: Started = {
    ...first,
    monitor: { pid: monitor.pid, start_time: monitor.start_time },
    started_at: new Date().toISOString(),
    runtime: runtime.name,
  };
  saveStarted(paths, id, started);
  keepNull();
  // restored processes run already
  if (images !== undefined) return started;
  const args = ['--root', stateDir(paths, runtime.name), 'start', id];
  await spawnHelper.run(runtime.path, args, `start ${id}`);
  return started;
}

/**
 * A runtime gives the streams of a container to its user, and its input is the host's own /dev/null,
 * whose mode the owner could change. Called before the user's program runs.
 */
function keepNull(): void {
  const { uid, gid } = statSync('/dev/null');
  if (uid !== 0 || gid !== 0) chownSync('/dev/null', 0, 0);
}

/**
 * Limits that no runtime sets right: runc places its own device rules after the configured ones,
 * overriding what those deny, and not every version knows which cgroups have a swappiness.
 */
async function completeLimits(
  cgroups: StartContext['cgroups'],
  { id, limits }: ContainerSpec,
  paths: InstallPaths,
): Promise<void> {
  const denies = limits.devices?.some((rule) => 'deny' in rule) ?? false;
  if (!denies && limits.memory_swappiness === undefined) return;
  await cgroups.ensureLimits(cgroupPath(paths, id), limits, rootfsDir(paths, id));
}

/** A runtime that ignores user namespaces would give the container the host's root. */
function checkIds(pid: number, id: string, range: IdRange): void {
  const maps = ['uid_map', 'gid_map'].map((name) => readText(`/proc/${pid}/${name}`) ?? '');
  if (maps.every((text) => sameMap(text, range))) return;
  throw new Error(`cannot start ${id}: the runtime did not put it into its user namespace`);
}

/** Deletes through the runtime as long as it knows the container. */
export async function clearCgroup(
  { paths, cgroups, cgroupLock }: StartContext,
  id: string,
): Promise<void> {
  const cgroup = cgroupPath(paths, id);
  const { named, unified } = readHierarchies();
  const roots = unified === undefined ? named : [...named, unified];
  if (!roots.some((root) => existsSync(join(root, cgroup)))) return;
  await cgroupLock.exclusive(() => cgroups.remove(cgroup));
}
