import { cgroupPath } from '../../../model/site.js';
import type { Started } from '../../host.js';
import { clearLife, killProcess } from './clear.js';
import { setFrozen } from './freeze.js';
import { healAtOnce } from './heal.js';
import { ended, type Identity, isAlive, signalProcess } from './process.js';
import { stopSignal } from './signals.js';
import type { Surroundings } from './start.js';
import { runningContainer } from './started.js';

/** Ends a container gently, then by force, and clears up after it. @param grace milliseconds */
export async function stopContainer(
  { site, cgroups, gate }: Surroundings,
  id: string,
  facts: Partial<Started>,
  { signal, grace }: { signal: string; grace: number },
): Promise<void> {
  const number = stopSignal(signal);
  const recorded = identityOf(facts);
  const targets = [runningContainer(site, id), recorded].filter((each) => each && isAlive(each));
  healAtOnce(site, id, false);
  // a process that is held still gets no signal, on cgroup v1 not even SIGKILL
  await setFrozen(site, id, false);
  for (const target of targets as Identity[]) {
    signalProcess(target, number);
    if (!(await ended(target, grace))) await killProcess(target, id);
  }
  await clearLife(site, id);
  await gate.byItself(() => cgroups.remove(cgroupPath(site, id)));
}

function identityOf({ pid, start_time, boot_id }: Partial<Started>): Identity | undefined {
  if (pid === undefined || start_time === undefined || boot_id === undefined) return undefined;
  return { pid, start_time, boot_id };
}
