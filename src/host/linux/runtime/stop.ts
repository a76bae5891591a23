import { join } from 'node:path';
import { cgroupPath, type InstallPaths } from '../../../model/install-paths.js';
import { poll } from '../../../model/poll.js';
import { workNow } from '../../../model/step.js';
import type { Started, StopOptions } from '../../ports.js';
import { readText } from '../files/read.js';
import { cleanUp, killProcess } from './clear.js';
import { healAtOnce, stopSignal } from './exit-hook.js';
import { setFrozen } from './freeze.js';
import { exitsDir } from './layout.js';
import { ended, type Identity, isAlive, signalProcess } from './process.js';
import type { StartContext } from './start.js';
import { isMonitored, runningContainer } from './started.js';

/** Stops a container gracefully, then by force, and cleans up. */
export async function stopContainer(
  { paths, cgroups, cgroupLock }: StartContext,
  id: string,
  facts: Partial<Started>,
  { signal, grace, work = workNow }: StopOptions,
): Promise<void> {
  const number = stopSignal(signal);
  const recorded = identityOf(facts);
  const targets = [runningContainer(paths, id), recorded].filter((each) => each && isAlive(each));
  healAtOnce(paths, id, false);
  // a frozen process receives no signals, on cgroup v1 not even SIGKILL
  await setFrozen(paths, id, false);
  for (const target of targets as Identity[]) {
    signalProcess(target, number);
    if (!(await ended(target, grace))) await killProcess(target, id);
  }
  await work(async () => {
    await cleanUp(paths, id);
    await cgroupLock.exclusive(() => cgroups.remove(cgroupPath(paths, id)));
  });
}

function identityOf({ pid, start_time, boot_id }: Partial<Started>): Identity | undefined {
  if (pid === undefined || start_time === undefined || boot_id === undefined) return undefined;
  return { pid, start_time, boot_id };
}

/**
 * Waits for a container to end, if it is running. Returns its exit code; undefined if nobody
 * recorded it, as for a stopped or unmonitored container.
 */
export async function waitForEnd(paths: InstallPaths, id: string): Promise<number | undefined> {
  const container = runningContainer(paths, id);
  if (container) await ended(container, Number.POSITIVE_INFINITY);
  return poll(() => exitCode(paths, id), {
    until: (code) => code !== undefined || !isMonitored(paths, id),
    pause: 20,
  });
}

function exitCode(paths: InstallPaths, id: string): number | undefined {
  const text = readText(join(exitsDir(paths), id))?.trim();
  return text && /^\d+$/.test(text) ? Number(text) : undefined;
}
