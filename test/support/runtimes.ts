import { findProgram } from '../../src/host/linux/process/programs.js';

/** The OCI runtimes installed on this machine. */
export function usableRuntimes(): string[] {
  return ['runc', 'crun'].filter((name) => findProgram(name));
}
