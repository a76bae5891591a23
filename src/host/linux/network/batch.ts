import { run } from '../process/run.js';

/** Arguments of one `ip` command, without `ip` itself. */
export type IpLine = readonly string[];

/**
 * Characters of names built by model/install-paths.ts, of addresses and of our paths. Deliberately excluded:
 * spaces and newlines, which end a word or a command; `#`, which starts a comment; `%`, which the
 * kernel replaces with a number in a device name; quotes and backslashes. Only options start with
 * `-`.
 */
const WORD = /^(?:[A-Za-z0-9/][A-Za-z0-9/:._-]*|-(?:force|json|details|batch))$/;

/**
 * Aliases and names of guests end in user-chosen text; NAME in `model/address.ts` allows no more.
 */
export function assertWords(line: IpLine): void {
  const bad = line.find((word) => !WORD.test(word));
  if (bad !== undefined) throw new Error(`cannot run ip: ${JSON.stringify(bad)} is no plain word`);
}

export function batchText(lines: readonly IpLine[]): string {
  for (const line of lines) assertWords(line);
  return lines.map((line) => `${line.join(' ')}\n`).join('');
}

/**
 * Runs the lines in one process of `ip`, or of `bridge` with the same options, continuing after failures. Even so, ip silently stops at a
 * line that it cannot parse, so its result proves nothing: read the host's state again.
 *
 * @returns its output, and its complaints as one line
 */
export async function runBatch(
  lines: readonly IpLine[],
  program: 'ip' | 'bridge' = 'ip',
): Promise<{ stdout: string; complaint: string }> {
  if (lines.length === 0) return { stdout: '', complaint: '' };
  const { stdout, stderr } = await run(program, ['-force', '-batch', '-'], {
    input: batchText(lines),
    reject: false,
  });
  return { stdout, complaint: complaintOf(stderr) };
}

/** Removes lines that only report a position: `Command failed -:3`. */
function complaintOf(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.replace(/^(Error|RTNETLINK answers): /, ''));
  return [...new Set(lines)].filter((line) => line && !/^Command failed /.test(line)).join('; ');
}
