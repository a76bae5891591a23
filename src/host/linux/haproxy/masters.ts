import { UserError } from '../../../model/errors.js';
import type { InstallPaths } from '../../../model/install-paths.js';
import { poll } from '../../../model/poll.js';
import type { Masters, Runtime } from '../../ports.js';
import { readText } from '../files/read.js';
import { runningContainer } from '../runtime/started.js';

/** Milliseconds: nginx tries for 2.5 seconds to listen where another process still does. */
const RELOAD_TIMEOUT = 10_000;
const PAUSE = 20;

export function linuxMasters(paths: InstallPaths, runtime: Pick<Runtime, 'signal'>): Masters {
  return {
    awaitWorker: async (id, limit) => {
      const find = () => {
        const container = runningContainer(paths, id);
        return container === undefined || workersOf(container.pid).length > 0;
      };
      await poll(find, { limit, pause: PAUSE });
      const container = runningContainer(paths, id);
      if (container && workersOf(container.pid).length > 0) return;
      const cause = container ? 'it does not listen' : 'it has ended';
      throw new UserError(`cannot start ${id}: ${cause}`, `baleine logs ${nameOf(id)}`);
    },
    reload: async (id, signal) => {
      const pid = runningContainer(paths, id)?.pid;
      const before = pid === undefined ? [] : workersOf(pid);
      if (!(await runtime.signal(id, signal)) || pid === undefined) return;
      const isNew = () => workersOf(pid).some((each) => !before.includes(each));
      if (await poll(isNew, { limit: RELOAD_TIMEOUT, pause: PAUSE })) return;
      const name = nameOf(id);
      throw new Error(
        `cannot reload ${name}: it stays with its old configuration: baleine logs ${name}`,
      );
    },
  };
}

const nameOf = (id: string) => id.slice(id.indexOf('.') + 1);

/** Its children (proc_pid_task_tid_children(5)): it has no others. */
function workersOf(pid: number): string[] {
  return readText(`/proc/${pid}/task/${pid}/children`)?.match(/\d+/g) ?? [];
}
