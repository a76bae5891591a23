import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { IdRange } from '../../../model/container-values.js';
import { type Launched, launch, untilExit } from '../process/launch.js';
import { readPaced, Tail } from '../process/output.js';

/** A process in a new user namespace, and in a network namespace that belongs to it. */
export interface NamespaceHolder {
  pid: number;
  /** The namespaces end with the process, except those bound to a name. */
  release(): Promise<void>;
}

/**
 * The owner of a network namespace is fixed at creation, and only root of the owning user namespace
 * may bind low ports in it (network_namespaces(7)); `ip netns add` would make the host the owner.
 *
 * @param owner user and group of the host that own the user namespace: a process of theirs has all
 *   rights in it (user_namespaces(7)); default root
 * @throws Error if the kernel creates no user namespace
 */
export async function createNamespaces(range: IdRange, owner?: number): Promise<NamespaceHolder> {
  // Its output shows that it is in its new namespaces; it ends with its standard input.
  const [program, ...words] = [
    ...(owner === undefined ? [] : asOwner(owner)),
    ...['unshare', '--user', '--net', '--', 'cat'],
  ] as [string, ...string[]];
  const child = launch(program, words);
  const { ended: gone } = untilExit(child);
  const release = async () => {
    child.stdin.end();
    await gone;
  };
  try {
    const pid = await echoed(child, gone);
    const map = idMap(range);
    for (const file of ['uid_map', 'gid_map']) await writeFile(`/proc/${pid}/${file}`, map);
    return { pid, release };
  } catch (error) {
    await release();
    throw new Error(`cannot make a user namespace: ${(error as Error).message}`, { cause: error });
  }
}

/** With CAP_SYS_ADMIN, since a host may forbid new user namespaces to others. */
function asOwner(id: number): string[] {
  const only = '-all,+sys_admin';
  return [
    ...['setpriv', '--reuid', `${id}`, '--regid', `${id}`, '--clear-groups'],
    ...[`--bounding-set=${only}`, `--inh-caps=${only}`, `--ambient-caps=${only}`, '--'],
  ];
}

async function echoed(child: Launched, gone: Promise<unknown>): Promise<number> {
  const errors = new Tail();
  readPaced(child.stderr, (part) => errors.add(part));
  child.stdin.on('error', () => undefined).write('\n');
  await Promise.race([once(child.stdout, 'data'), gone]);
  if (child.pid === undefined || child.exitCode !== null || errors.text()) {
    throw new Error(errors.text().trim() || 'unshare ended at once');
  }
  return child.pid;
}

/** A line of /proc/PID/uid_map (user_namespaces(7)): first id inside, first id outside, count. */
export const idMap = ({ first, count }: IdRange) => `0 ${first} ${count}\n`;

/** Whether the text of /proc/PID/uid_map, whose columns the kernel pads, has this range. */
export function sameMap(text: string, range: IdRange): boolean {
  return text.trim().split(/\s+/).join(' ') === idMap(range).trim();
}
