import { launchDetached } from '../../host/linux/process/launch.js';
import { isAlive } from '../../host/linux/runtime/process.js';
import type { DueAction } from '../due-work/due-action.js';
import { ourselves } from '../linux-host.js';
import type { BackedUpRow } from './select.js';

/** Milliseconds until somebody looks whether a backup has ended without saying so. */
const LOOK_AGAIN = 60 * 60_000;

/**
 * Starts the backup of a volume whose time has come, in a process of its own: it may take hours, and
 * containers are healed then, too. That process records how it has ended.
 */
export const backupDue: DueAction = async ({ context, row, now, record }) => {
  const { stack, name, facts } = row as BackedUpRow;
  const { running, ...backup } = facts.backup ?? {};
  if (running && isAlive(running)) {
    await record({}, now + LOOK_AGAIN);
    return 'started';
  }
  if (running) {
    await record({ backup });
    throw new Error(`the backup that began at ${running.since} was cut off`);
  }
  const [program, ...args] = ourselves(context.paths);
  launchDetached(program, [...args, 'backup', 'run', '--due', '--stack', stack, '--', name]);
  await record({}, now + LOOK_AGAIN);
  return 'started';
};
