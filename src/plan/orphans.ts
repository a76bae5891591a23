import type { Probe } from '../host/ports.js';
import type { Kinds } from '../kinds/kind.js';
import { type Address, addressOf, byName } from '../model/address.js';
import type { InstallPaths } from '../model/install-paths.js';
import type { Row } from '../model/resource.js';

/** Something with our mark that is neither in a row nor in the file. */
export type Orphan = Pick<Row, 'kind' | 'stack' | 'name' | 'spec'>;

/**
 * Finds what a crash, a lost state or manual intervention left behind. Something that the file
 * desires is no orphan even if no row knows it: creating it takes care of what exists.
 *
 * @param desired addresses in the file of `stack`
 */
export function findOrphans(
  kinds: Kinds,
  rows: readonly Row[],
  desired: { stack: string; addresses: ReadonlySet<Address> } | undefined,
  probe: Probe,
  paths: InstallPaths,
): Orphan[] {
  const known = new Set(rows.map(({ kind, stack, name }) => `${stack}/${addressOf(kind, name)}`));
  for (const address of desired?.addresses ?? []) known.add(`${desired?.stack}/${address}`);
  const found = Object.values(kinds).flatMap((kind) => {
    const owned = kind.discoverOwned?.(probe, paths) ?? [];
    if (owned.length === 0) return [];
    // a renamed resource still carries the mark of its old name
    const own = rows.filter((row) => row.kind === kind.name);
    const identities = new Set(own.map(({ spec }) => kind.identity?.(spec)));
    return owned
      .filter(({ spec }) => !identities.has(kind.identity?.(spec)))
      .map((each): Orphan => ({ kind: kind.name, ...each }));
  });
  return found
    .filter(({ kind, stack, name }) => !known.has(`${stack}/${addressOf(kind, name)}`))
    .sort((a, b) => byName(`${a.kind}.${a.name}`, `${b.kind}.${b.name}`));
}
