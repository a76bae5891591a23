import { constants } from 'node:os';
import { cgroupPath, type InstallPaths, stagingNotesDir } from '../../../model/install-paths.js';
import type { Cgroups, Runtime } from '../../ports.js';
import { sweepCheckpoints } from '../checkpoints/store.js';
import { sweepScratch } from '../disks/scratch.js';
import { sweepStaging } from '../files/staging.js';
import { SpawnHelper } from '../process/spawn-helper.js';
import { thawAbandonedFreezes } from '../snapshots/freeze.js';
import { checkpointProblem, dumpContainer } from './checkpoint.js';
import { removeAbandonedOneOffs } from './clear.js';
import { execCaptured } from './exec.js';
import { healAtOnce, requiredSignal } from './exit-hook.js';
import { runInForeground } from './foreground.js';
import { setFrozen } from './freeze.js';
import { oneOffId, runOneOff } from './one-off.js';
import { giveToRunning } from './private-files.js';
import { signalProcess } from './process.js';
import { ReadWriteLock } from './read-write-lock.js';
import { type SelectedRuntime, selectRuntime } from './select.js';
import { type StartContext, startContainer } from './start.js';
import { runningContainer } from './started.js';
import { stopContainer } from './stop.js';
import { verifyAll } from './verify.js';
import { overrideFreeze, thawAbandoned, withFrozen } from './with-frozen.js';

/** Containers run by an OCI runtime under conmon. */
export function linuxRuntime(
  paths: InstallPaths,
  cgroups: Pick<Cgroups, 'remove' | 'ensureLimits'>,
  /**
   * Command that a monitor runs, followed by the container's id, when an auto-healed container
   * ends.
   */
  heal: string[] = [],
): Runtime {
  const context: StartContext = {
    paths,
    cgroups,
    cgroupLock: new ReadWriteLock(),
    spawnHelper: new SpawnHelper(),
    heal,
    runtime: selector(paths, cgroups),
  };
  return {
    start: (spec) => startContainer(context, spec),
    restore: (spec, images) => startContainer(context, spec, images),
    dump: (id, images) => dumpContainer(paths, id, images),
    checkpointProblem,
    run: (spec, how) => runInForeground(context, spec, how),
    stop: (id, facts, how) => stopContainer(context, id, facts, how),
    signal: async (id, signal) => {
      const number = requiredSignal(signal);
      const container = runningContainer(paths, id);
      if (!container || !signalProcess(container, number)) return false;
      // on cgroup v1 a frozen process ends only after it is thawed
      if (number === constants.signals.SIGKILL) await setFrozen(paths, id, false);
      return true;
    },
    execute: (id, args, how) => execCaptured(paths, id, args, how),
    givePrivateFiles: async (id, folder) => giveToRunning(paths, id, folder),
    healAtOnce: async (id, on) => healAtOnce(paths, id, on),
    verifyAll: (checks) => verifyAll(paths, checks),
    freeze: async (id, frozen) => {
      overrideFreeze(paths, id, frozen ? 'pause' : 'unpause');
      return setFrozen(paths, id, frozen);
    },
    withFrozen: (id, how, work) => withFrozen(paths, id, how, work),
    runOneOff: (tree, args, config) => runOnce(context, tree, args, config),
    clearAbandoned: async () => {
      await removeAbandonedOneOffs(paths, cgroups);
      // a stage refers to the container's disk, so it is removed first
      await sweepStaging(stagingNotesDir(paths));
      await thawAbandoned(paths);
      await sweepCheckpoints(paths);
      await thawAbandonedFreezes(paths);
      sweepScratch(paths);
    },
  };
}

/** Containers that start concurrently share one probe. */
function selector(paths: InstallPaths, cgroups: Pick<Cgroups, 'remove'>): StartContext['runtime'] {
  const asked = new Map<string | undefined, Promise<SelectedRuntime>>();
  return (wanted) => {
    const answer = asked.get(wanted) ?? selectRuntime(paths, cgroups, wanted);
    asked.set(wanted, answer);
    return answer;
  };
}

async function runOnce(
  { paths, cgroups, cgroupLock, runtime }: StartContext,
  tree: string,
  args: string[],
  config: Parameters<Runtime['runOneOff']>[2],
): Promise<void> {
  const id = oneOffId();
  const selected = await runtime();
  const purpose = `run ${args.join(' ')}`;
  const wanted = { runtime: selected, tree, args, purpose, ...config };
  try {
    await cgroupLock.shared(() => runOneOff(paths, wanted, id));
  } finally {
    await cgroupLock.exclusive(() => cgroups.remove(cgroupPath(paths, id)));
  }
}
