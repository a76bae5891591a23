/** A program that writes rows in a loop and reports each durable one, until it is killed. */
import { installPaths } from '../../src/model/install-paths.js';
import { openStore } from '../../src/state/store.js';
import { longRow, TABLES } from './tables.js';

const paths = installPaths(process.argv[2] ?? '');
const store = openStore(paths, TABLES);
for (let round = Number(process.argv[3]); ; round++) {
  const row = longRow('a');
  await store.put({ ...row, facts: { round } });
  process.stdout.write(`${round}\n`);
  if (round % 5 !== 0) continue;
  await store.drop('container', 'shop', 'a');
  process.stdout.write('none\n');
}
