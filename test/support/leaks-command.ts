import { readFileSync, writeFileSync } from 'node:fs';
import { difference, type Snapshot, snapshot } from './leaks.js';

const [verb, file, root = '/var/lib/baleine'] = process.argv.slice(2);

if (verb === 'save' && file) {
  writeFileSync(file, JSON.stringify(await snapshot({ root }), null, 1));
} else if (verb === 'compare' && file) {
  const before = JSON.parse(readFileSync(file, 'utf8')) as Snapshot;
  const found = difference(before, await snapshot({ root }));
  for (const line of found) process.stdout.write(`${line}\n`);
  process.exitCode = found.length > 0 ? 1 : 0;
} else {
  process.stderr.write('usage: leaks save|compare FILE [ROOT]\n');
  process.exitCode = 2;
}
