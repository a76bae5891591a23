import { findProgram } from '../../../src/host/linux/runtime/programs.js';

/** Says why when tests are skipped for want of a program. */
export function lackingAny(...names: string[]): boolean {
  const missing = names.filter((name) => !findProgram(name));
  if (missing.length === 0) return false;
  process.stderr.write(`skipped: not installed: ${missing.join(', ')} (./setup --test)\n`);
  return true;
}
