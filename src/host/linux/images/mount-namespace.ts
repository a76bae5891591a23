import { once } from 'node:events';
import { launch, untilExit } from '../process/launch.js';
import { lastLines, readPaced, Tail } from '../process/output.js';

/** A mount namespace that exists as long as its only process. */
export interface MountNamespace {
  pid: number;
  /** Command prefix for programs that run in it. */
  enter: string[];
  release(): Promise<void>;
}

/**
 * Runs a shell script in a new mount namespace. After printing `ready` the script keeps its mounts
 * until its standard input ends; it ends with us.
 *
 * @throws Error "cannot <purpose>: <its complaint>"
 */
export async function openMountNamespace(
  script: string,
  args: string[],
  purpose: string,
): Promise<MountNamespace> {
  const words = ['unshare', '--mount', '--', 'sh', '-c', script, 'sh', ...args];
  const child = launch('setpriv', ['--pdeathsig', 'KILL', '--', ...words]);
  const complaint = new Tail();
  readPaced(child.stderr, (part) => complaint.add(part));
  const { ended: gone } = untilExit(child);
  const ready = await Promise.race([once(child.stdout, 'data'), gone.then(() => undefined)]);
  const { pid } = child;
  if (!ready || pid === undefined)
    throw new Error(`cannot ${purpose}: ${lastLines(complaint.text())}`);
  return {
    pid,
    enter: ['nsenter', `--target=${pid}`, '--mount', '--'],
    release: async () => {
      child.stdin.end();
      await gone;
    },
  };
}
