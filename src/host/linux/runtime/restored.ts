import { chmodSync, chownSync, statSync, writeFileSync } from 'node:fs';
import { messageOf, UserError } from '../../../model/errors.js';
import type { InstallPaths } from '../../../model/install-paths.js';
import { readText } from '../files/read.js';
import { run } from '../process/run.js';
import { OPTIONS, withReasons } from './checkpoint.js';
import GUARD_MASKS from './guard-masks.pl?raw';
import { bundleFiles } from './layout.js';

/** A peer has given up on its connections by then, so they are closed. */
const RESTORE_OPTIONS = [...OPTIONS, 'tcp-close'];

/** Written before the runtime reads it. */
export function writeRestoreOptions(paths: InstallPaths, id: string): void {
  writeFileSync(bundleFiles(paths, id).criu, RESTORE_OPTIONS.map((line) => `${line}\n`).join(''));
}

/** The error of a restore, with the reasons of CRIU while its log still exists. */
export function explainFailedRestore(paths: InstallPaths, id: string, error: unknown): UserError {
  const { restoreLog } = bundleFiles(paths, id);
  return new UserError(withReasons(`cannot restore ${id}`, restoreLog, messageOf(error)));
}

/** The numbers of setns(2) and mount(2). */
const SYSTEM_CALLS: Partial<Record<NodeJS.Architecture, [setns: number, mount: number]>> = {
  x64: [308, 165],
  arm64: [268, 40],
};

/**
 * Runs a restore so that a container gets back what CRIU 3.17 and runc lose of its isolation. Every
 * process inherits `no_new_privs` from a monitor that is started with `restoreCommand`. Files in /proc
 * that nobody may read are covered by the host's own /dev/null, whose mode and owner root in the
 * container could change: those mounts become read-only, and what it has done before is undone.
 *
 * @param start returns the pid of the first process
 * @throws Error unless all of it holds afterwards; the caller ends the container
 */
export async function isolated(id: string, start: () => Promise<number>): Promise<number> {
  const calls = SYSTEM_CALLS[process.arch];
  if (!calls) throw new Error(`cannot restore ${id}: not on ${process.arch}`);
  const before = statSync(NULL);
  const pid = await start();
  try {
    const exposed = masks(pid).filter(({ readOnly }) => !readOnly);
    const words = [String(pid), ...calls.map(String), ...exposed.map(({ path }) => path)];
    if (exposed.length > 0) await run('perl', ['-e', GUARD_MASKS, ...words], { purpose: PURPOSE });
  } finally {
    chownSync(NULL, before.uid, before.gid);
    chmodSync(NULL, before.mode);
  }
  const status = readText(`/proc/${pid}/status`) ?? '';
  if (!/^NoNewPrivs:\s*1$/m.test(status) || masks(pid).some(({ readOnly }) => !readOnly)) {
    throw new Error(`cannot restore ${id}: it would have less isolation than before`);
  }
  return pid;
}

const PURPOSE = 'cover files of /proc';
const NULL = '/dev/null';

/** The program and its first arguments for a monitor of a container that is restored. */
export const restoreCommand = (program: string): [string, ...string[]] => [
  'setpriv',
  '--no-new-privs',
  '--',
  program,
];

/** Mounts of /dev/null itself in /proc and /sys: proc_pid_mountinfo(5). */
function masks(pid: number): { path: string; readOnly: boolean }[] {
  const lines = (readText(`/proc/${pid}/mountinfo`) ?? '').split('\n');
  return lines.flatMap((line) => {
    const [, , , root, path = '', options = ''] = line.split(' ');
    if (root !== '/null' || !/^\/(proc|sys)\//.test(path)) return [];
    return [{ path, readOnly: options.split(',').includes('ro') }];
  });
}
