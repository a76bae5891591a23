import { join } from 'node:path';
import { type Hierarchies, nameOnV2, unifiedControllers } from '../cgroups/hierarchies.js';
import { findProgram } from '../process/programs.js';

/** What limits are made of: with one of these on version 2, its list is not to be hidden. */
const OURS = ['memory', 'cpu', 'cpuset', 'pids', 'blkio'].map(nameOnV2);

/** Arguments: a file to show as empty, then a program with its own, which takes our place. */
const HIDE = 'mount --bind /dev/null "$1" && shift && exec "$@"';

/**
 * The command that starts a runtime where the host mixes both versions of cgroups. crun 1.8 makes
 * no container as long as version 2 has any controller, be it hugetlb alone. All that we limit is
 * on version 1 there, so it is told that version 2 has none, by a mount in a namespace of its own,
 * which the host does not see and which ends with it.
 *
 * @returns undefined where that would not help, or would hide a controller of ours
 */
export function onMixedCgroups(hierarchies: Hierarchies, path: string): string[] | undefined {
  const { mode, unified } = hierarchies;
  const controllers = unifiedControllers(hierarchies);
  if (mode !== 'hybrid' || unified === undefined || controllers.length === 0) return undefined;
  const unshare = findProgram('unshare');
  if (!unshare || controllers.some((each) => OURS.includes(each))) return undefined;
  const list = join(unified, 'cgroup.controllers');
  // what is unmounted on the host while it works is unmounted there as well
  const apart = [unshare, '--mount', '--propagation', 'slave', '--'];
  return [...apart, '/bin/sh', '-c', HIDE, 'sh', list, path];
}
