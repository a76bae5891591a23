/**
 * One line of a table: RFC 4180 cells separated by `;`. A cell never contains a line break, so a
 * row is also a line for grep and awk.
 *
 * Not csv-parse and csv-stringify, because every command reads the state: csv-parse takes 12 ms to
 * load and 0.1 to 0.5 ms per row, this code about 0.03 ms. The tests read its output with
 * csv-parse.
 */
export function formatLine(cells: readonly string[]): string {
  return cells.map(quote).join(';');
}

/** The cells of a line; undefined unless there are exactly `count` and the quotes match. */
export function parseLine(line: string, count: number): string[] | undefined {
  const cells: string[] = [];
  CELL.lastIndex = 0;
  while (cells.length < count - 1) {
    const start = CELL.lastIndex;
    const match = CELL.exec(line);
    if (!match) return undefined;
    cells.push(line[start] === '"' ? unquote(match[1] ?? '') : (match[2] ?? ''));
  }
  const last = line.slice(CELL.lastIndex);
  // By far the longest cell, so it is taken to the end of the line instead of matched.
  if (!last.startsWith('"')) return last.includes(';') ? undefined : [...cells, last];
  return last.length > 1 && last.endsWith('"') ? [...cells, unquote(last.slice(1, -1))] : undefined;
}

/**
 * Human-readable text on one line, also for `awk -F';'`, which does not understand quotes: control
 * characters become spaces, semicolons commas.
 */
export function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ').replaceAll(';', ',');
}

const CELL = /(?:"((?:[^"]|"")*)"|([^;"]*));/y;

function quote(cell: string): string {
  return /[;"]/.test(cell) ? `"${cell.replace(/"/g, '""')}"` : cell;
}

/** Uses split and join: JSON.parse is three times slower on strings returned by `replace`. */
function unquote(cell: string): string {
  return cell.split('""').join('"');
}
