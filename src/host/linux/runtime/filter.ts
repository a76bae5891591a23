import { release } from 'node:os';
import { messageOf, UserError } from '../../../model/errors.js';
import { digest } from '../../../model/json.js';
import type { OciSeccomp } from '../../../model/oci.js';
import { parseProfile } from '../../../model/seccomp.js';
import type { ContainerSpec } from '../../../model/specs.js';
import { readInput } from '../files/read.js';
import { type Machine, readProfile, resolveCustom, resolveSeccomp } from './seccomp.js';

/** Go's architecture names, used in profiles, that differ from Node's. */
const ARCHES: Record<string, string> = { x64: 'amd64', ppc64: 'ppc64le' };

const known = new Map<string, OciSeccomp>();

/** The host's profile for a container with these capabilities; most containers have the same. */
export function seccompFor(capabilities: string[]): OciSeccomp {
  const key = capabilities.join();
  const filter = known.get(key) ?? resolveSeccomp(readProfile(), machineOf(capabilities));
  known.set(key, filter);
  return filter;
}

/**
 * The seccomp filter of a container with these capabilities: from its own profile, or by its
 * security level; undefined for none.
 *
 * @throws UserError if its own profile has changed since it was planned
 */
export function filterFor(
  { seccomp, security }: Pick<ContainerSpec, 'seccomp' | 'security'>,
  capabilities: string[],
): OciSeccomp | undefined {
  if (seccomp === 'unconfined') return undefined;
  if (seccomp) return resolveCustom(parseProfile(textOf(seccomp)), machineOf(capabilities));
  return security === 'unconfined' ? undefined : seccompFor(capabilities);
}

function machineOf(capabilities: string[]): Machine {
  return { arch: ARCHES[process.arch] ?? process.arch, kernel: release(), capabilities };
}

function textOf({ file, digest: planned }: { file: string; digest: string }): string {
  try {
    const text = readInput(file);
    if (digest(text, 16) === planned) return text;
  } catch (error) {
    throw new UserError(`cannot read seccomp profile ${file}: ${messageOf(error)}`);
  }
  throw new UserError(
    `cannot use seccomp profile ${file}: it has changed since it was last applied`,
    'baleine apply takes it as it is now',
  );
}
