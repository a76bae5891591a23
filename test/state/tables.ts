import type { KindName } from '../../src/model/address.js';
import type { Row } from '../../src/model/resource.js';
import type { TableFormat } from '../../src/state/table.js';

/** The tables of the original system. */
export const TABLES: TableFormat[] = [
  {
    kind: 'image',
    file: 'images.csv',
    columns: [
      { header: 'ID', value: (row) => row.name },
      { header: 'NOM_IMAGE', value: (row) => row.name },
    ],
  },
  {
    kind: 'bridge',
    file: 'bridges.csv',
    columns: [
      { header: 'NOM_BRIDGE', value: (row) => row.name },
      {
        header: 'ID_CONTAINERS',
        across: (row, rows) =>
          rows
            .filter(({ kind, spec }) => kind === 'container' && bridgeOf(spec) === row.name)
            .map(({ name }) => name)
            .join(' '),
      },
    ],
  },
  {
    kind: 'container',
    file: 'containers.csv',
    columns: [
      { header: 'PID', value: (row) => (row.facts as { pid?: number }).pid ?? '-' },
      { header: 'NOM_CONTENNEUR', value: (row) => row.name },
      {
        header: 'PROGRAMME LANCE',
        value: (row) => (row.spec as { args?: string[] }).args?.join(' ') ?? '',
      },
    ],
  },
];

export const FILES = TABLES.map(({ file }) => file);

export function rowOf(kind: KindName, name: string, more: Partial<Row> = {}): Row {
  return {
    kind,
    stack: 'shop',
    name,
    status: 'ready',
    spec: {},
    facts: {},
    needs: [],
    protect: false,
    ...more,
  };
}

/** A container's row of realistic length, about 1 kB. */
export function longRow(name: string): Row {
  const keys = Array.from({ length: 24 }, (_, index) => [
    `key_${index}`,
    [`value ${index}`, index],
  ]);
  return rowOf('container', name, {
    spec: { args: ['sh', '-c', 'httpd; wait'], bridge: 'front', ...Object.fromEntries(keys) },
    facts: { pid: 4121, boot_id: '0d5a3f0e', started_at: '2026-01-02T03:04:05Z' },
    needs: ['image.web', 'bridge.front'],
  });
}

function bridgeOf(spec: unknown): unknown {
  return (spec as { bridge?: string }).bridge;
}
