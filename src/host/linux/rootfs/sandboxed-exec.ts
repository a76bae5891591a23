import { lastLines } from '../process/output.js';
import { type RunOptions, type RunResult, run } from '../process/run.js';

/** Runs a sandboxed program; errors name the program itself. */
export async function runSandboxed(
  program: string,
  args: string[],
  { purpose = `run ${program}`, ...options }: RunOptions = {},
): Promise<RunResult> {
  const result = await run(...sandboxed(program, args), { ...options, purpose, reject: false });
  if (result.code === 0) return result;
  throw new Error(
    `cannot ${purpose}: ${lastLines(result.stderr) || `${program}: exit code ${result.code}`}`,
  );
}

/**
 * The command that runs a program with its own mount namespace and pid namespace: its mounts and
 * processes end with it. It receives `signal` if we end first; as the first process of its pid
 * namespace it ignores signals without a handler, except SIGKILL (pid_namespaces(7)).
 */
export function sandboxed(
  program: string,
  args: string[],
  signal: 'KILL' | 'TERM' = 'KILL',
): [program: string, args: string[]] {
  return ['setpriv', ['--pdeathsig', 'KILL', '--', ...sandbox(signal), program, ...args]];
}

/** The command prefix that makes the namespaces. */
export function sandbox(signal: 'KILL' | 'TERM' = 'KILL'): string[] {
  const spaces = ['--mount', '--pid', '--fork', `--kill-child=${signal}`, '--mount-proc'];
  return ['unshare', ...spaces, '--'];
}
