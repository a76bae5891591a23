import { type Disk, nodeDisk } from '../../src/host/linux/files/atomic-write.js';
import type { InstallPaths } from '../../src/model/install-paths.js';
import { openStore, type Store } from '../../src/state/store.js';
import type { TableFormat } from '../../src/state/table.js';
import { longRow, rowOf, TABLES } from './tables.js';

/** The tables of a later release: one more table, and one more display column. */
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

/** Steps from the first row to the removal of the last, with an upgrade in between. */
export const STEPS: { tables: TableFormat[]; act: (store: Store) => Promise<unknown> }[] = [
  { tables: TABLES, act: (store) => store.put(rowOf('image', 'a')) },
  { tables: TABLES, act: (store) => store.put(rowOf('bridge', 'front')) },
  { tables: TABLES, act: (store) => store.put(longRow('one')) },
  {
    tables: TABLES,
    act: (store) => store.put({ ...longRow('one'), status: 'pending', facts: { pid: 7 } }),
  },
  {
    tables: TABLES,
    act: (store) =>
      Promise.all([
        ...['two', 'three'].map((name) => store.put(longRow(name))),
        store.put(rowOf('image', 'b')),
      ]),
  },
  { tables: TABLES, act: (store) => store.drop('container', 'shop', 'two') },
  { tables: LATER, act: (store) => store.put(rowOf('volume', 'data')) },
  {
    tables: LATER,
    act: (store) =>
      Promise.all(
        store.rows.slice(1).map(({ kind, stack, name }) => store.drop(kind, stack, name)),
      ),
  },
  { tables: LATER, act: (store) => store.drop('image', 'shop', 'a') },
];

/** Runs the steps, beginning with `from`; each reads the state again. */
export async function runSteps(
  paths: InstallPaths,
  { from = 0, disk = nodeDisk, onStep = () => {} }: StepOptions = {},
): Promise<void> {
  for (const [index, { tables, act }] of [...STEPS.entries()].slice(from)) {
    onStep(index);
    await act(openStore(paths, tables, disk));
  }
}

interface StepOptions {
  from?: number;
  disk?: Disk;
  /** Called before each step. */
  onStep?: (step: number) => void;
}
