import { UserError } from '../../../model/errors.js';
import { logMessages } from '../process/logfmt.js';
import { lastLines, shortened } from '../process/output.js';
import { findProgram, packageOf } from '../process/programs.js';
import { type RunOptions, run } from '../process/run.js';
import type { Staging } from './staging.js';

export interface ToolOptions extends Pick<RunOptions, 'cwd' | 'timeout' | 'maxOutput' | 'stall'> {
  purpose: string;
  staging?: Staging;
}

/**
 * Runs skopeo or buildah to its end; it is killed when we are. Answers what it prints.
 *
 * @throws UserError when it is not installed; Error "cannot <purpose>: <its complaint>"
 */
export async function tool(
  program: string,
  args: string[],
  { purpose, staging, ...limits }: ToolOptions,
): Promise<string> {
  const command = [...(staging?.enter ?? []), needProgram(program, purpose), ...args];
  const bound = ['--pdeathsig', 'KILL', '--', ...command];
  const how = { purpose, shown: program, reject: false, ...limits };
  const { code, stdout, stderr } = await run('setpriv', bound, how);
  if (code !== 0) throw new Error(`cannot ${purpose}: ${complaintOf(stderr) || `exit ${code}`}`);
  return stdout;
}

/** Where it is. @throws UserError when it is not installed */
export function needProgram(program: string, purpose: string): string {
  const path = findProgram(program);
  if (path !== undefined) return path;
  throw new UserError(
    `cannot ${purpose}: ${program} is not installed`,
    `apt-get install ${packageOf(program)}`,
  );
}

/** The last `msg="…"` of a log in logrus' form, else the last line. */
function complaintOf(stderr: string): string {
  const last = logMessages(stderr).at(-1);
  if (last !== undefined) return last;
  const lines = stderr.split('\n').map((line) => line.trim());
  return lines.filter(Boolean).at(-1) ?? '';
}
