import { findProgram } from '../../src/host/linux/process/programs.js';

/** For `skipIf`: whether a program is missing. Reports it, so that no test is skipped silently. */
export function lackingAny(...names: string[]): boolean {
  const missing = names.filter((name) => !findProgram(name));
  if (missing.length === 0) return false;
  return because(`not installed: ${missing.join(', ')} (./setup --test)`);
}

/** Whether the user is not root. */
export function lackingRoot(): boolean {
  return process.getuid?.() !== 0 && because('needs root');
}

function because(reason: string): true {
  process.stderr.write(`skipped: ${reason}\n`);
  return true;
}
