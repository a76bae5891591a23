import { lastLines } from '../process/output.js';
import { type RunOptions, type RunResult, run } from '../process/run.js';

/** `run` of a sealed program; a failure bears the program's name. */
export async function runSealed(
  program: string,
  args: string[],
  { purpose = `run ${program}`, ...options }: RunOptions = {},
): Promise<RunResult> {
  const result = await run(...sealed(program, args), { ...options, purpose, reject: false });
  if (result.code === 0) return result;
  throw new Error(
    `cannot ${purpose}: ${lastLines(result.stderr) || `${program}: exit code ${result.code}`}`,
  );
}

/**
 * The command that runs a program with a mount table and a process table of its own: whatever it
 * mounts or starts is gone with it, however it ends. It gets `signal` when we end before it; as the
 * first process of its table it ignores any it has no handler for, except SIGKILL
 * (pid_namespaces(7)).
 */
export function sealed(
  program: string,
  args: string[],
  signal: 'KILL' | 'TERM' = 'KILL',
): [program: string, args: string[]] {
  const spaces = ['--mount', '--pid', '--fork', `--kill-child=${signal}`, '--mount-proc'];
  return ['setpriv', ['--pdeathsig', 'KILL', '--', 'unshare', ...spaces, '--', program, ...args]];
}
