import { isName, NAME, parseAddress } from '../model/address.js';
import { DamagedStateError } from '../model/errors.js';
import type { Row } from '../model/resource.js';
import { parseLine } from './csv-line.js';
import { headerOf, keyOf, lateFilesIn, MACHINE, type TableFormat, trailerOf } from './table.js';

/**
 * Parses a table. Throws DamagedStateError unless the text is complete and every row is valid: a
 * damaged file must never read as "there is nothing".
 */
export function parseTable(format: TableFormat, text: string, path: string): Row[] {
  const body = bodyOf(text, path);
  const lines = body.split('\n').slice(0, -1);
  const columns = columnsOf(format, lines[0] ?? '');
  if (columns === undefined) throw corruptError(path, 'the header is not the expected one', 1);
  const rows = lines
    .slice(1)
    .map((line, index) => parseRow(format, columns, line, path, index + 2));
  refuseDuplicates(rows, path);
  // Checked after the rows, so that the error for an edited file names the line if possible.
  if (!text.endsWith(`\n${trailerOf(body, rows.length, lateFilesIn(text))}\n`)) {
    throw corruptError(path, 'its last line does not match the lines above', lines.length + 1);
  }
  return rows;
}

/**
 * The number of human-readable columns: the current ones, or those of an earlier release, which had
 * the first two and some of the others. Undefined for any other header.
 */
function columnsOf(format: TableFormat, header: string): number | undefined {
  if (header === headerOf(format)) return format.columns.length;
  const machine = `;${MACHINE.join(';')}`;
  if (!header.endsWith(machine)) return undefined;
  const found = header.slice(0, -machine.length).split(';');
  const known = format.columns.map((each) => each.header);
  const first = known.slice(0, 2);
  const older = known.filter((each) => found.includes(each));
  const fits = found.join(';') === older.join(';') && first.every((each) => found.includes(each));
  return fits ? found.length : undefined;
}

/** Whether a row may have this stack name: `-` is for resources of imperative commands. */
export function isStack(text: string): boolean {
  return text === '-' || NAME.test(text);
}

function bodyOf(text: string, path: string): string {
  if (text === '') throw corruptError(path, 'the file is empty');
  const nul = text.indexOf('\0');
  if (nul >= 0) {
    throw corruptError(path, 'there are zero bytes in it', text.slice(0, nul).split('\n').length);
  }
  const end = text.lastIndexOf('\n# rows=') + 1;
  if (end === 0 || text.indexOf('\n', end) !== text.length - 1) {
    throw corruptError(
      path,
      'the last line is not "# rows=… sha256=…", so the file was cut or edited',
    );
  }
  return text.slice(0, end);
}

function parseRow(
  { kind }: TableFormat,
  columns: number,
  line: string,
  path: string,
  at: number,
): Row {
  const cells = parseLine(line, columns + MACHINE.length);
  if (!cells) throw corruptError(path, 'the number of cells or the quotes are wrong', at);
  const [stack = '', name = '', status, protect, needs = '', facts = '', spec = ''] =
    cells.slice(columns);
  if (!isStack(stack)) throw corruptError(path, `"${stack}" is no stack name`, at);
  if (!isName(kind, name)) throw corruptError(path, `"${name}" is no name`, at);
  if (status !== 'pending' && status !== 'ready') {
    throw corruptError(path, `the status "${status}" is neither pending nor ready`, at);
  }
  if (protect !== 'yes' && protect !== 'no') {
    throw corruptError(path, `PROTECT is "${protect}", neither yes nor no`, at);
  }
  return {
    kind,
    stack,
    name,
    status,
    spec: parseObject(spec, 'SPEC', path, at),
    facts: parseObject(facts, 'FACTS', path, at),
    needs: parseNeeds(needs, path, at),
    protect: protect === 'yes',
  };
}

function parseNeeds(text: string, path: string, at: number): Row['needs'] {
  const needs = text === '' ? [] : text.split(' ');
  const wrong = needs.find((each) => !parseAddress(each));
  if (wrong !== undefined) throw corruptError(path, `"${wrong}" in NEEDS is no address`, at);
  return needs as Row['needs'];
}

function parseObject(text: string, column: string, path: string, at: number): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw corruptError(path, `${column} is not JSON`, at);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw corruptError(path, `${column} is not a JSON object`, at);
  }
  return value;
}

function refuseDuplicates(rows: Row[], path: string): void {
  const seen = new Set<string>();
  for (const [index, row] of rows.entries()) {
    if (seen.has(keyOf(row))) {
      throw corruptError(path, `"${row.name}" of stack "${row.stack}" appears twice`, index + 2);
    }
    seen.add(keyOf(row));
  }
}

/** Describes what is wrong with a table, where, and how to repair it manually. */
export function corruptError(path: string, what: string, line?: number): DamagedStateError {
  const where = line === undefined ? path : `${path}: line ${line}`;
  return new DamagedStateError(`cannot trust ${where}: ${what}`, [
    `baleine state repair   # restores ${path}.bak, or the valid lines`,
    'Or mend it in an editor and make its last line agree:',
    '  # rows=<number of rows> sha256=<checksum of all lines above>',
    `where the checksum is what \`head -n -1 ${path} | sha256sum\` prints.`,
  ]);
}

/** For a table that is missing although others exist. */
export function missingError(path: string): DamagedStateError {
  return new DamagedStateError(
    `cannot trust ${path}: it is missing, though other tables are there`,
    [
      `baleine state repair   # restores ${path}.bak`,
      'To begin again with an empty state, move the other .csv files',
      'away too; baleine then no longer knows what it made.',
    ],
  );
}
