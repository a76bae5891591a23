import { writeSync } from 'node:fs';
import { CHECKS } from './checks.js';

/** Runs in the machine: performs the checks of this boot, and reports each. */
const boot = Number(process.argv[2]);
for (const { name, run } of CHECKS.filter((each) => each.boot === boot)) {
  const begin = performance.now();
  let error: string | undefined;
  try {
    await run();
  } catch (failure) {
    error = failure instanceof Error ? failure.message : String(failure);
  }
  const seconds = Math.round((performance.now() - begin) / 100) / 10;
  writeSync(1, `${JSON.stringify({ name, seconds, error })}\n`);
}
