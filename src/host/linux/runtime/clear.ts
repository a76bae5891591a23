import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  cgroupPath,
  type InstallPaths,
  lastHealthCheckFile,
} from '../../../model/install-paths.js';
import type { Cgroups } from '../../ports.js';
import { removeEnded } from '../cgroups/index.js';
import { ensureUnmounted } from '../disks/mount.js';
import { removeFile } from '../files/atomic-write.js';
import { ifThere } from '../files/read.js';
import { findProgram } from '../process/programs.js';
import { run } from '../process/run.js';
import { healAtOnce, SIGKILL } from './exit-hook.js';
import { setFrozen } from './freeze.js';
import { removeIdmapStage } from './idmap-staging.js';
import { bundleFiles, exitsDir, oneOffDir, socketKey, socketsDir, stateDir } from './layout.js';
import { isOwnerAlive } from './one-off.js';
import { argumentsOf, ended, identify, signalProcess } from './process.js';
import { removeShm } from './shared-namespaces.js';
import { pidIn, runningContainer } from './started.js';

/** Milliseconds for a killed process to end, and for conmon to write the exit code. */
const KILL_TIMEOUT = 10_000;

/**
 * Removes the leftovers of a container's life, however it ended: running processes, the runtime's
 * state, conmon, exit file and sockets. Keeps disk, log, network and cgroup parents.
 */
export async function cleanUp(paths: InstallPaths, id: string): Promise<void> {
  if (leftOf(paths, id).length > 0 || runtimesWithState(paths, id).length > 0)
    await endProcesses(paths, id);
  await removeShm(paths, id);
  await removeIdmapStage(paths, id);
}

async function endProcesses(paths: InstallPaths, id: string): Promise<void> {
  healAtOnce(paths, id, false);
  const { dir, started } = bundleFiles(paths, id);
  const running = runningContainer(paths, id);
  if (running) {
    // on cgroup v1 a frozen process cannot even be killed
    await setFrozen(paths, id, false);
    await killProcess(running, id);
  }
  const wasStarted = existsSync(started);
  if (!wasStarted) await killCreators(dir, id);
  await deleteStates(paths, id, wasStarted);
  await endMonitor(paths, id);
  await Promise.all(leftOf(paths, id).map((path) => removeFile(path)));
}

/** The existing leftover files. */
function leftOf(paths: InstallPaths, id: string): string[] {
  const files = bundleFiles(paths, id);
  const inBundle = new Set(ifThere(() => readdirSync(files.dir)) ?? []);
  return [
    ...[
      ...[files.heal, files.pid, files.monitor, files.started, ...files.sockets],
      ...[files.criu, files.restoreLog, join(files.dir, 'exit'), join(files.dir, 'oom')],
      lastHealthCheckFile(paths, id),
    ].filter((path) => inBundle.has(basename(path))),
    ...[join(exitsDir(paths), id), join(socketsDir(paths), socketKey(id))].filter((path) =>
      lstatSync(path, { throwIfNoEntry: false }),
    ),
  ];
}

export async function killProcess(
  target: { pid: number; start_time: number; boot_id: string },
  id: string,
): Promise<void> {
  signalProcess(target, SIGKILL);
  if (await ended(target, KILL_TIMEOUT)) return;
  throw new Error(`cannot stop ${id}: process ${target.pid} does not end, even by SIGKILL`);
}

/**
 * Ends the monitor and the runtime of a killed run that are still creating a container; otherwise
 * they would interfere with its removal.
 */
export async function killCreators(bundle: string, id: string): Promise<void> {
  const pids = readdirSync('/proc').map(Number).filter(Boolean);
  for (const pid of pids.filter((each) => argumentsOf(each).includes(bundle))) {
    const found = identify(pid);
    if (found) await killProcess(found, id);
  }
}

/**
 * Deletes what every runtime knows of the container, killing its processes.
 *
 * @param hasEnded it was completely started, and its first process has ended
 */
export async function deleteStates(
  paths: InstallPaths,
  id: string,
  hasEnded = false,
): Promise<void> {
  for (const runtime of runtimesWithState(paths, id)) {
    if (hasEnded && (await deleteEnded(paths, runtime, id))) continue;
    await deleteState(paths, runtime, id);
  }
}

/**
 * Of an ended container without processes and hooks, these have only a folder and cgroups, which are
 * deleted without starting them (delete of crun(1) and runc(8)).
 */
const PLAIN_RUNTIMES = new Set(['crun', 'runc']);

/** False if the runtime has to do it. */
async function deleteEnded(paths: InstallPaths, runtime: string, id: string): Promise<boolean> {
  if (!PLAIN_RUNTIMES.has(runtime) || !removeEnded(cgroupPath(paths, id))) return false;
  await rm(join(stateDir(paths, runtime), id), { recursive: true, force: true });
  return true;
}

/** The runtime may have changed since the container was started. */
function runtimesWithState(paths: InstallPaths, id: string): string[] {
  const parent = join(paths.run, 'runtime');
  const names = existsSync(parent) ? readdirSync(parent) : [];
  return names.filter((name) => existsSync(join(stateDir(paths, name), id))).sort();
}

async function deleteState(paths: InstallPaths, runtime: string, id: string): Promise<void> {
  const state = stateDir(paths, runtime);
  const program = findProgram(runtime) ?? runtime;
  const { code, stderr } = await run(program, ['--root', state, 'delete', '--force', id], {
    purpose: `clear ${id}`,
    reject: false,
  });
  if (!existsSync(join(state, id))) return;
  // A runtime that was killed while creating a container leaves a folder that it does not
  // recognize.
  if (code !== 0 && !/not exist|no such|cannot find|open .*(state|status)/i.test(stderr)) {
    throw new Error(`cannot clear ${id}: ${runtime}: ${stderr}`);
  }
  await rm(join(state, id), { recursive: true, force: true });
}

/** conmon ends after its container; a pid in a file is not enough to identify it. */
async function endMonitor(paths: InstallPaths, id: string): Promise<void> {
  const files = bundleFiles(paths, id);
  const pid = pidIn(files.monitor);
  const monitor = pid === undefined ? undefined : identify(pid);
  if (!monitor || !argumentsOf(monitor.pid).includes(files.dir)) return;
  if (await ended(monitor, KILL_TIMEOUT)) return;
  signalProcess(monitor, SIGKILL);
  await ended(monitor, KILL_TIMEOUT);
}

/**
 * Removes one-off containers whose run was killed. The runtime is ended first, otherwise it would
 * continue to create what is being removed.
 */
export async function removeAbandonedOneOffs(
  paths: InstallPaths,
  cgroups: Pick<Cgroups, 'remove'>,
): Promise<void> {
  const dir = oneOffDir(paths);
  for (const id of existsSync(dir) ? readdirSync(dir) : []) {
    if (isOwnerAlive(id)) continue;
    const bundle = join(dir, id);
    await killCreators(bundle, id);
    await deleteStates(paths, id);
    await cgroups.remove(cgroupPath(paths, id));
    await rm(join(paths.run, 'probe', id), { recursive: true, force: true });
    await ensureUnmounted(join(bundle, 'image'));
    await rm(bundle, { recursive: true, force: true });
  }
}
