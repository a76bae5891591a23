import { release } from 'node:os';
import type { OciSeccomp } from './oci.js';
import { readProfile, resolveSeccomp } from './seccomp.js';

/** Go's names, which profiles use, where Node's differ. */
const ARCHES: Record<string, string> = { x64: 'amd64', ppc64: 'ppc64le' };

const known = new Map<string, OciSeccomp>();

/** The host's profile for a container with these capabilities; most have the same. */
export function seccompFor(capabilities: string[]): OciSeccomp {
  const key = capabilities.join();
  const filter = known.get(key) ?? resolved(capabilities);
  known.set(key, filter);
  return filter;
}

function resolved(capabilities: string[]): OciSeccomp {
  const arch = ARCHES[process.arch] ?? process.arch;
  return resolveSeccomp(readProfile(), { arch, kernel: release(), capabilities });
}
