import type { Column, Row } from '../../src/model/resource.js';

/** The values of the columns for a row, among others. */
export function cellsOf<Spec, Facts>(
  columns: Column<Spec, Facts>[],
  row: Row<Spec, Facts>,
  rows: readonly Row[] = [],
): (string | number)[] {
  return columns.map((column) =>
    'value' in column ? column.value(row) : column.across(row, rows),
  );
}
