/** A program that runs the steps and kills itself at one call of the disk. */
import { writeSync } from 'node:fs';
import { installPaths } from '../../src/model/install-paths.js';
import { runSteps } from './every-write.js';
import { faultyDisk } from './faults.js';

const paths = installPaths(process.argv[2] ?? '');
const at = Number(process.argv[3]);
const disk = faultyDisk(paths.root, (_call, index) => {
  if (index === at) process.kill(process.pid, 'SIGKILL');
  return undefined;
});
await runSteps(paths, { disk, onStep: (step) => writeSync(1, `${step}\n`) });
