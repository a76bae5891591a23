import { DamagedStateError } from '../model/errors.js';

/** What is wrong with a table, where, and how to mend it by hand. */
export function damaged(path: string, what: string, line?: number): DamagedStateError {
  const where = line === undefined ? path : `${path}: line ${line}`;
  return new DamagedStateError(`cannot trust ${where}: ${what}`, [
    `baleine state repair   # takes it from ${path}.bak, or what lines make sense`,
    'Or mend it by hand and make its last line agree:',
    '  # rows=<number of rows> sha256=<checksum of all lines above>',
    `where the checksum is what \`head -n -1 ${path} | sha256sum\` prints.`,
  ]);
}

/** Some tables are there and this one is not. */
export function missing(path: string): DamagedStateError {
  return new DamagedStateError(
    `cannot trust ${path}: it is missing, though other tables are there`,
    [
      `baleine state repair   # takes it from ${path}.bak`,
      'To begin again with an empty state, move the other .csv files',
      'away too; baleine then no longer knows what it made.',
    ],
  );
}
