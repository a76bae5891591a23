import { UserError } from '../../../model/errors.js';
import { formatBytes } from '../../../model/format.js';
import { logMessages } from '../process/logfmt.js';
import { lastLines, shortened } from '../process/output.js';
import { findProgram, packageOf } from '../process/programs.js';
import { type RunOptions, run } from '../process/run.js';
import type { Staging } from './staging.js';

export interface ToolOptions
  extends Pick<RunOptions, 'cwd' | 'env' | 'timeout' | 'maxOutput' | 'stall'> {
  purpose: string;
  staging?: Staging;
  /** Command prefix; by default that of the staging area. */
  enter?: string[];
  /** Maximum bytes of memory; a program that needs more fails with an error that names the limit. */
  memory?: number;
}

/**
 * Runs skopeo or buildah to completion and returns its output. It is killed when we end.
 *
 * @throws UserError if it is not installed; Error "cannot <purpose>: <its complaint>"
 */
export async function tool(
  program: string,
  args: string[],
  { purpose, staging, enter = staging?.enter ?? [], memory, env, ...limits }: ToolOptions,
): Promise<string> {
  const path = requireProgram(program, purpose);
  const bounds = memory === undefined ? [] : boundsOf(memory);
  const command = [...enter, ...bounds, path, ...args];
  const bound = ['--pdeathsig', 'KILL', '--', ...command];
  const limitedEnv = memory === undefined ? env : { ...LOW_MEMORY_GO, ...env };
  const how = { purpose, shown: program, reject: false, env: limitedEnv ?? {}, ...limits };
  const { code, stdout, stderr } = await run('setpriv', bound, how);
  if (memory !== undefined && NO_MEMORY.test(stderr)) {
    throw new Error(`cannot ${purpose}: ${program} needs more memory than ${formatBytes(memory)}`);
  }
  if (code !== 0) throw new Error(`cannot ${purpose}: ${complaintOf(stderr) || `exit ${code}`}`);
  return stdout;
}

const LOW_MEMORY_GO = { GOMEMLIMIT: '64MiB', GOMAXPROCS: '4', GOTRACEBACK: 'none' };

const boundsOf = (memory: number) => ['prlimit', `--data=${memory}`, `--stack=${1024 ** 2}`, '--'];

const NO_MEMORY = /^(fatal error|runtime).*(out of memory|pthread_create|cannot allocate memory)/im;

/** The program's path. @throws UserError if it is not installed */
export function requireProgram(program: string, purpose: string): string {
  const path = findProgram(program);
  if (path !== undefined) return path;
  throw new UserError(
    `cannot ${purpose}: ${program} is not installed`,
    `apt-get install ${packageOf(program)}`,
  );
}

/** The last `msg="…"` of a log in logrus format, otherwise the last line. */
function complaintOf(stderr: string): string {
  const last = logMessages(stderr).at(-1);
  return last === undefined ? lastLines(stderr, 1) : shortened(last);
}
