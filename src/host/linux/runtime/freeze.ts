import { cgroupPath, type InstallPaths } from '../../../model/install-paths.js';
import { isFrozen, thaw } from '../cgroups/freezer.js';
import { readHierarchies } from '../cgroups/hierarchies.js';
import { findProgram } from '../process/programs.js';
import { run } from '../process/run.js';
import { stateDir } from './layout.js';
import { runningContainer } from './started.js';

/** Freezes or thaws a container's processes. False if it is not running. */
export async function setFrozen(
  paths: InstallPaths,
  id: string,
  frozen: boolean,
): Promise<boolean> {
  const container = runningContainer(paths, id);
  if (!container) return false;
  if (isFrozen(readHierarchies(), cgroupPath(paths, id)) === frozen) return true;
  const { runtime } = container;
  const verb = frozen ? 'pause' : 'resume';
  const args = ['--root', stateDir(paths, runtime), verb, id];
  const program = findProgram(runtime) ?? runtime;
  const { code } = await run(program, args, { purpose: `${verb} ${id}`, reject: frozen });
  // the container must be stoppable even if the runtime no longer knows it
  if (code !== 0) thaw(readHierarchies(), cgroupPath(paths, id));
  return true;
}

/** Whether a container's processes are frozen. */
export function isPaused(paths: InstallPaths, id: string): boolean {
  return isFrozen(readHierarchies(), cgroupPath(paths, id));
}
