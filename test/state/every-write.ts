import { type Disk, nodeDisk } from '../../src/host/linux/files/atomic-write.js';
import type { InstallPaths } from '../../src/model/install-paths.js';
import { openStore, type Store } from '../../src/state/store.js';
import type { TableFormat } from '../../src/state/table.js';
import { longRow, rowOf, TABLES } from './tables.js';

/** What a later release has: one more table, and one more column for people. */
const FORMATS: TableFormat[] = [
  ...TABLES.map((format) =>
    format.kind === 'container'
      ? { ...format, columns: [...format.columns, { header: 'STACK_NAME', value: () => 'x' }] }
      : format,
  ),
  {
    kind: 'volume' as const,
    file: 'volumes.csv',
    late: true as const,
    columns: [
      { header: 'ID', value: (row) => row.name },
      { header: 'NOM_VOLUME', value: (row) => row.name },
    ],
  },
];
export const LATER = FORMATS.map((format) => ({ ...format, lateFiles: ['volumes.csv'] }));

/** One life of a state, from the first row to the last, an upgrade in between. */
export const STEPS: { tables: TableFormat[]; does: (store: Store) => Promise<unknown> }[] = [
  { tables: TABLES, does: (store) => store.put(rowOf('image', 'a')) },
  { tables: TABLES, does: (store) => store.put(rowOf('bridge', 'front')) },
  { tables: TABLES, does: (store) => store.put(longRow('one')) },
  {
    tables: TABLES,
    does: (store) => store.put({ ...longRow('one'), status: 'pending', facts: { pid: 7 } }),
  },
  {
    tables: TABLES,
    does: (store) =>
      Promise.all([
        ...['two', 'three'].map((name) => store.put(longRow(name))),
        store.put(rowOf('image', 'b')),
      ]),
  },
  { tables: TABLES, does: (store) => store.drop('container', 'shop', 'two') },
  { tables: LATER, does: (store) => store.put(rowOf('volume', 'data')) },
  {
    tables: LATER,
    does: (store) =>
      Promise.all(
        store.rows.slice(1).map(({ kind, stack, name }) => store.drop(kind, stack, name)),
      ),
  },
  { tables: LATER, does: (store) => store.drop('image', 'shop', 'a') },
];

/** Takes the steps from one on, each on a state that is read anew; tells before each which it is. */
export async function live(
  paths: InstallPaths,
  { from = 0, disk = nodeDisk, tell = () => {} }: Life = {},
): Promise<void> {
  for (const [index, { tables, does }] of [...STEPS.entries()].slice(from)) {
    tell(index);
    await does(openStore(paths, tables, disk));
  }
}

interface Life {
  from?: number;
  disk?: Disk;
  tell?: (step: number) => void;
}
