import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { IdRange } from '../../model/id-range.js';
import { idMap } from './id-map.js';
import { withLock } from './lock-share.js';

/** A process in a user namespace with ids of its own and in a network namespace that belongs to it. */
export interface Holder {
  pid: number;
  /** The namespaces end with it, but for those that were given a name. */
  release(): Promise<void>;
}

/**
 * Who owns a network namespace is decided when it is made, and only root of that user namespace
 * may bind low ports there (network_namespaces(7)); `ip netns add` would make it the host's.
 *
 * @throws Error when the kernel gives no user namespace
 */
export async function holdNamespaces(range: IdRange): Promise<Holder> {
  // What it echoes tells that it is in its new namespaces; without standard input it ends.
  const child = spawn('unshare', ['--user', '--net', '--', 'cat'], {
    stdio: withLock('pipe'),
    env: { ...process.env, LC_ALL: 'C' },
    detached: true,
  });
  const gone = once(child, 'close').catch(() => undefined);
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

async function echoed(child: ChildProcess, gone: Promise<unknown>): Promise<number> {
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said += chunk;
  });
  child.stdin?.on('error', () => undefined).write('\n');
  const heard = child.stdout ? once(child.stdout, 'data') : gone;
  await Promise.race([heard, gone]);
  if (child.pid === undefined || child.exitCode !== null || said) {
    throw new Error(said.trim() || 'unshare ended at once');
  }
  return child.pid;
}
