import { closeSync, fstatSync, mkdirSync, openSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, UserError } from '../../../model/errors.js';
import type { InstallPaths } from '../../../model/install-paths.js';
import { printable } from '../../../model/printable.js';
import { ifThere } from '../files/read.js';
import { shortened } from '../process/output.js';
import { findProgram, packageOf } from '../process/programs.js';
import { LONG, run } from '../process/run.js';
import { bundleFiles, stateDir } from './layout.js';
import { runningContainer } from './started.js';

/**
 * Flags of the runtimes, the same to save and to restore: locks of files are kept, and connections are
 * in the images, where the restore closes them.
 */
export const DUMP_OPTIONS = ['--file-locks', '--tcp-established'];

/**
 * Options of CRIU that runtimes have no flags for, in the form of its configuration files; they
 * override those of a runtime. A connection that nobody has accepted yet is dropped, and a deleted file
 * that is open may have this size.
 */
export const OPTIONS = ['skip-in-flight', 'ghost-limit 268435456'];

/** Milliseconds for `criu check`, which tries features of the kernel. */
const CHECK_TIMEOUT = 30_000;

/** Characters of a reason of CRIU's. */
const SHOWN = 300;

/**
 * Why containers with this runtime cannot be saved here: the runtime cannot, CRIU or a program that it
 * runs is missing, or the kernel lacks something.
 */
export async function checkpointProblem(runtime: string): Promise<UserError | undefined> {
  const path = findProgram(runtime);
  if (path === undefined) return new UserError(`runtime ${runtime} is not installed`);
  const purpose = `ask ${runtime} for checkpoints`;
  const asked = await run(path, ['checkpoint', '--help'], { reject: false, tail: true, purpose });
  if (asked.code !== 0) {
    return new UserError(
      `runtime ${runtime} is built without checkpoints (CRIU)`,
      runtime === 'runc' ? undefined : 'runtime: runc has them in Debian 12.',
    );
  }
  return criuProblem();
}

/**
 * CRIU packs small file systems in memory, and holds packets back: by rules in the network namespace of
 * the container, while it looks at its connections.
 */
const PROGRAMS = ['criu', 'iptables-restore', 'tar', 'gzip'];

/** The part of it that no runtime changes. */
export async function criuProblem(): Promise<UserError | undefined> {
  const missing = PROGRAMS.find((name) => findProgram(name) === undefined);
  if (missing !== undefined) {
    return new UserError(`${missing} is not installed`, `apt-get install ${packageOf(missing)}`);
  }
  try {
    const options = { reject: false, tail: true, timeout: CHECK_TIMEOUT } as const;
    const { code, stdout, stderr } = await run('criu', ['check'], options);
    if (code === 0) return undefined;
    const [reason] = reasonsIn(`${stderr}\n${stdout}`);
    return new UserError(
      `the kernel cannot, or CRIU does not know it: criu check: ${reason ?? `exit code ${code}`}`,
      'Another version of CRIU or of the kernel may.',
    );
  } catch (error) {
    return new UserError(messageOf(error));
  }
}

/** `Error (criu/vdso.c:381): vdso: Unexpected rt vDSO area bounds`, without the place. */
function reasonsIn(text: string): string[] {
  const lines = text.split('\n').flatMap((line) => /Error \([^)]*\): (.*)/.exec(line)?.[1] ?? []);
  // how the child process ended that has said the rest
  const reasons = lines.filter((line) => !/^exited, status=/.test(line));
  return reasons.map((line) => shortened(printable(line.trim()), SHOWN));
}

/**
 * Saves a container. CRIU stops the processes by itself, one after the other; a frozen container is
 * saved as of one moment, and stays frozen.
 */
export async function dumpContainer(
  paths: InstallPaths,
  id: string,
  images: string,
): Promise<void> {
  const started = runningContainer(paths, id);
  const path = started && findProgram(started.runtime);
  if (!started || !path) throw new Error(`cannot save ${id}: it is not running`);
  mkdirSync(images, { mode: 0o700 });
  writeFileSync(bundleFiles(paths, id).criu, OPTIONS.map((line) => `${line}\n`).join(''));
  const folders = ['--image-path', images, '--work-path', images];
  const state = ['--root', stateDir(paths, started.runtime)];
  const words = ['checkpoint', ...folders, ...DUMP_OPTIONS, '--leave-running', id];
  const { code, stderr } = await run(path, [...state, ...words], { reject: false, timeout: LONG });
  if (code === 0) return;
  throw new UserError(withReasons(`cannot save ${id}`, join(images, 'dump.log'), stderr));
}

/** Bytes at the end of a log of CRIU's, where it says why it gives up. */
const LOG_END = 256 * 1024;

function endOf(path: string): string | undefined {
  return ifThere(() => {
    const file = openSync(path, 'r');
    try {
      const { size } = fstatSync(file);
      const buffer = Buffer.alloc(Math.min(size, LOG_END));
      return buffer.toString(
        'utf8',
        0,
        readSync(file, buffer, 0, buffer.length, size - buffer.length),
      );
    } finally {
      closeSync(file);
    }
  });
}

/** A message with the reasons in a log of CRIU's, or what was said instead. */
export function withReasons(what: string, log: string, said: string): string {
  const reasons = reasonsIn(endOf(log) ?? '');
  const cause = reasons.length > 0 ? reasons.slice(0, 3).join('; ') : said;
  return `${what}: ${shortened(printable(cause.replace(/\s*\n\s*/g, '; ')), 3 * SHOWN)}`;
}
