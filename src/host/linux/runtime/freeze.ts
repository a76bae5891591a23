import { cgroupPath, type Site } from '../../../model/site.js';
import { isFrozen } from '../cgroups-freezer.js';
import { readHierarchies } from '../cgroups-hierarchies.js';
import { findProgram } from '../process/programs.js';
import { run } from '../process/run.js';
import { stateDir } from './layout.js';
import { runningContainer } from './started.js';

/** Holds a container's processes still, or lets them go on. False when it does not run. */
export async function setFrozen(site: Site, id: string, frozen: boolean): Promise<boolean> {
  const container = runningContainer(site, id);
  if (!container) return false;
  if (isFrozen(readHierarchies(), cgroupPath(site, id)) === frozen) return true;
  const { runtime } = container;
  const verb = frozen ? 'pause' : 'resume';
  const args = ['--root', stateDir(site, runtime), verb, id];
  await run(findProgram(runtime) ?? runtime, args, { purpose: `${verb} ${id}` });
  return true;
}
