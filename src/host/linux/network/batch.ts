import { run } from '../process/run.js';

/** One `ip` command, a word an element, without `ip` itself. */
export type IpLine = readonly string[];

/**
 * Letters of the names that model/install-paths.ts makes, of addresses and of paths of ours. Not in it, on
 * purpose: blanks and newlines, which end a word or a command; `#`, which starts a comment; `%`,
 * which the kernel replaces by a number in a device name; quotes and backslashes. No word starts
 * with `-` but an option.
 */
const WORD = /^(?:[A-Za-z0-9/][A-Za-z0-9/:._-]*|-(?:force|json|details|batch))$/;

/** Aliases and guests' names end in what a user chose; `model/address.ts` NAME allows no more. */
export function assertWords(line: IpLine): void {
  const bad = line.find((word) => !WORD.test(word));
  if (bad !== undefined) throw new Error(`cannot run ip: ${JSON.stringify(bad)} is no plain word`);
}

export function batchText(lines: readonly IpLine[]): string {
  for (const line of lines) assertWords(line);
  return lines.map((line) => `${line.join(' ')}\n`).join('');
}

/**
 * Runs the lines in one `ip`, going on after one that failed. Even so a line that ip cannot parse
 * silently ends it there, so the answer proves nothing: read the host again.
 *
 * @returns what it printed, and what it complained about, one line
 */
export async function runBatch(
  lines: readonly IpLine[],
): Promise<{ stdout: string; complaint: string }> {
  if (lines.length === 0) return { stdout: '', complaint: '' };
  const { stdout, stderr } = await run('ip', ['-force', '-batch', '-'], {
    input: batchText(lines),
    reject: false,
  });
  return { stdout, complaint: complaintOf(stderr) };
}

/** Without the lines that only count: `Command failed -:3`. */
function complaintOf(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.replace(/^(Error|RTNETLINK answers): /, ''));
  return [...new Set(lines)].filter((line) => line && !/^Command failed /.test(line)).join('; ');
}
