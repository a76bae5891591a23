import { release } from 'node:os';
import type { OciSeccomp } from './oci.js';
import { readProfile, resolveSeccomp } from './seccomp.js';

/** Go's names, which profiles use, where Node's differ. */
const ARCHES: Record<string, string> = { x64: 'amd64', ppc64: 'ppc64le' };

/** The host's profile for a container with these capabilities. */
export function seccompFor(capabilities: string[]): OciSeccomp {
  const arch = ARCHES[process.arch] ?? process.arch;
  return resolveSeccomp(readProfile(), { arch, kernel: release(), capabilities });
}
