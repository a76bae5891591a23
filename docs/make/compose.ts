import type { Row, Rows } from '../../src/formats/compose/rows.js';

const HEAD = `# Compose files

<!-- Generated from the rows in src/formats/compose by \`npm run docs\`. Do not edit. -->

What becomes of each key of the Compose specification. A key that is translated means what it means
there, by the key of baleine.yaml that is named. One without effect is accepted, and the plan says so
once. One that is refused is an error with its line.
`;

/** The page docs/reference/compose.md: a section of rows for each part of a file. */
export function composePage(sections: readonly (readonly [title: string, rows: Rows])[]): string {
  const parts = sections.map(([title, rows]) => `## ${title}\n\n${table(rows)}`);
  return [HEAD, ...parts].join('\n');
}

function table(rows: Rows): string {
  const lines = Object.entries(rows)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, row]) => `| \`${key}\` | ${row.effect} | ${textOf(row).replaceAll('|', '\\|')} |`);
  return ['| key | | how, or why |', '|---|---|---|', ...lines, ''].join('\n');
}

function textOf(row: Row): string {
  if (row.effect === 'translated') return row.as;
  return row.effect === 'refused' ? `${row.why}; ${row.hint}` : row.why;
}
