import { join } from 'node:path';
import { type Hierarchies, nameOnV2, unifiedControllers } from '../cgroups/hierarchies.js';
import { findProgram } from '../process/programs.js';

/**
 * The controllers that we limit with: if version 2 has one of these, its list must stay visible.
 */
const LIMIT_CONTROLLERS = ['memory', 'cpu', 'cpuset', 'pids', 'blkio'].map(nameOnV2);

/**
 * Arguments: a file to show as empty, then a program with its arguments, which replaces the shell.
 */
const HIDE_SCRIPT = 'mount --bind /dev/null "$1" && shift && exec "$@"';

/**
 * The command that starts a runtime on a hybrid host. crun 1.8 creates no containers while version
 * 2 has any controller, even only hugetlb. All controllers that we limit with are then on version
 * 1, so an empty list of version 2 controllers is bind-mounted in a private mount namespace, which
 * the host does not see and which ends with the runtime.
 *
 * @returns undefined if that would not help, or would hide a controller of ours
 */
export function hybridCgroupWorkaround(
  hierarchies: Hierarchies,
  path: string,
): string[] | undefined {
  const { mode, unified } = hierarchies;
  const controllers = unifiedControllers(hierarchies);
  if (mode !== 'hybrid' || unified === undefined || controllers.length === 0) return undefined;
  const unshare = findProgram('unshare');
  if (!unshare || controllers.some((each) => LIMIT_CONTROLLERS.includes(each))) return undefined;
  const list = join(unified, 'cgroup.controllers');
  // unmounts on the host during the call propagate into the namespace
  const apart = [unshare, '--mount', '--propagation', 'slave', '--'];
  return [...apart, '/bin/sh', '-c', HIDE_SCRIPT, 'sh', list, path];
}
