import { findProgram } from '../../src/host/linux/process/programs.js';

/** For `skipIf`, so that a test that cannot run never goes without a word: whether a program is missing. */
export function lackingAny(...names: string[]): boolean {
  const missing = names.filter((name) => !findProgram(name));
  if (missing.length === 0) return false;
  return because(`not installed: ${missing.join(', ')} (./setup --test)`);
}

/** Whether we are another than root. */
export function lackingRoot(): boolean {
  return process.getuid?.() !== 0 && because('needs root');
}

function because(reason: string): true {
  process.stderr.write(`skipped: ${reason}\n`);
  return true;
}
