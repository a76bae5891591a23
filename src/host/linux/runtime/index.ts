import { constants } from 'node:os';
import { cgroupPath, type InstallPaths, stagingNotesDir } from '../../../model/install-paths.js';
import type { Cgroups, Runtime } from '../../ports.js';
import { sweepScratch } from '../disks/scratch.js';
import { sweepStaging } from '../files/staging.js';
import { Starter } from '../process/spawn-helper.js';
import { clearAbandoned } from './clear.js';
import { execCaptured } from './exec.js';
import { healAtOnce, requiredSignal } from './exit-hook.js';
import { runInForeground } from './foreground.js';
import { setFrozen } from './freeze.js';
import { endHold, releaseAbandoned, whileHeld } from './hold.js';
import { throwAway, throwAwayId } from './one-off.js';
import { giveToRunning } from './private-files.js';
import { signalProcess } from './process.js';
import { Gate } from './read-write-lock.js';
import { type SelectedRuntime, selectRuntime } from './select.js';
import { type Surroundings, startContainer } from './start.js';
import { runningContainer } from './started.js';
import { stopContainer } from './stop.js';
import { verifyAll } from './verify.js';

/** Containers run by an OCI runtime under conmon. */
export function linuxRuntime(
  site: InstallPaths,
  cgroups: Pick<Cgroups, 'remove' | 'ensureLimits'>,
  /**
   * Command that a monitor runs, followed by the container's id, when an auto-healed container
   * ends.
   */
  heal: string[] = [],
): Runtime {
  const around: Surroundings = {
    site,
    cgroups,
    gate: new Gate(),
    starter: new Starter(),
    heal,
    runtime: selector(site, cgroups),
  };
  return {
    start: (spec) => startContainer(around, spec),
    run: (spec, how) => runInForeground(around, spec, how),
    stop: (id, facts, how) => stopContainer(around, id, facts, how),
    signal: async (id, signal) => {
      const number = requiredSignal(signal);
      const container = runningContainer(site, id);
      if (!container || !signalProcess(container, number)) return false;
      // on cgroup v1 a frozen process ends only after it is thawed
      if (number === constants.signals.SIGKILL) await setFrozen(site, id, false);
      return true;
    },
    execute: (id, args, how) => execCaptured(site, id, args, how),
    givePrivateFiles: async (id, folder) => giveToRunning(site, id, folder),
    healAtOnce: async (id, on) => healAtOnce(site, id, on),
    verifyAll: (checks) => verifyAll(site, checks),
    freeze: async (id, frozen) => {
      endHold(site, id, frozen ? 'pause' : 'unpause');
      return setFrozen(site, id, frozen);
    },
    hold: (id, how, work) => whileHeld(site, id, how, work),
    runOnce: (tree, args, config) => runOnce(around, tree, args, config),
    clearAbandoned: async () => {
      await clearAbandoned(site, cgroups);
      // a stage refers to the container's disk, so it is removed first
      await sweepStaging(stagingNotesDir(site));
      await releaseAbandoned(site);
      sweepScratch(site);
    },
  };
}

/** Containers that start concurrently share one probe. */
function selector(site: InstallPaths, cgroups: Pick<Cgroups, 'remove'>): Surroundings['runtime'] {
  const asked = new Map<string | undefined, Promise<SelectedRuntime>>();
  return (wanted) => {
    const answer = asked.get(wanted) ?? selectRuntime(site, cgroups, wanted);
    asked.set(wanted, answer);
    return answer;
  };
}

async function runOnce(
  { site, cgroups, gate, runtime }: Surroundings,
  tree: string,
  args: string[],
  config: Parameters<Runtime['runOnce']>[2],
): Promise<void> {
  const id = throwAwayId();
  const selected = await runtime();
  const purpose = `run ${args.join(' ')}`;
  const wanted = { runtime: selected, tree, args, purpose, ...config };
  try {
    await gate.together(() => throwAway(site, wanted, id));
  } finally {
    await gate.byItself(() => cgroups.remove(cgroupPath(site, id)));
  }
}
