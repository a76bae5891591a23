/**
 * Our part of a crontab: one block per stack file, between two comments with the file's path. All
 * other lines belong to others and are preserved byte by byte.
 */

const BEGIN = '# baleine begin ';
const END = '# baleine end ';

/** The crontab with this file's block replaced, or appended at the end. */
export function withBlock(crontab: string, file: string, lines: readonly string[]): string {
  const block = [`${BEGIN}${file}`, ...lines, `${END}${file}`, ''].join('\n');
  const found = find(crontab, file);
  if (found) return crontab.slice(0, found.from) + block + crontab.slice(found.to);
  // cron ignores a last line without a newline
  const gap = crontab === '' || crontab.endsWith('\n') ? '' : '\n';
  return crontab + gap + block;
}

export function withoutBlock(crontab: string, file: string): string {
  const found = find(crontab, file);
  return found ? crontab.slice(0, found.from) + crontab.slice(found.to) : crontab;
}

/** The files that have a block, in order. */
export function filesOf(crontab: string): string[] {
  const lines = crontab.split('\n').filter((line) => line.startsWith(BEGIN));
  return lines.map((line) => line.slice(BEGIN.length));
}

/** The block with its two comments; empty if there is none. */
export function blockOf(crontab: string, file: string): string {
  const found = find(crontab, file);
  return found ? crontab.slice(found.from, found.to) : '';
}

/**
 * A begin comment without its end is a block of that one line: the lines after it may belong to
 * others.
 */
function find(crontab: string, file: string): { from: number; to: number } | undefined {
  const begin = `${BEGIN}${file}\n`;
  const from = `\n${crontab}`.indexOf(`\n${begin}`);
  if (from < 0) return undefined;
  const inside = from + begin.length;
  const end = `${END}${file}\n`;
  const next = crontab.indexOf(`\n${BEGIN}`, inside - 1);
  const at = crontab.indexOf(`\n${end}`, inside - 1);
  const whole = at >= 0 && (next < 0 || at < next);
  return { from, to: whole ? at + 1 + end.length : inside };
}
