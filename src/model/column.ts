import type { Row } from './resource.js';

/**
 * A column of a table for people and awk; never read back. What it says follows from its row alone,
 * or `across` rows, which are those of all tables.
 */
export type Column<Spec = unknown, Facts = unknown> = { header: string } & (
  | { value: (row: Row<Spec, Facts>) => string | number }
  | { across: (row: Row<Spec, Facts>, rows: readonly Row[]) => string | number }
);
