import type { Probe } from '../host/ports.js';
import type { Kinds } from '../kinds/kind.js';
import { type Address, addressOf, byName } from '../model/address.js';
import type { InstallPaths } from '../model/install-paths.js';
import type { Row } from '../model/resource.js';

/** Something that bears our mark, which no row and no file speaks of. */
export type Orphan = Pick<Row, 'kind' | 'stack' | 'name' | 'spec'>;

/**
 * What a crash at the wrong moment, a lost state or somebody's hand left. What the file wants is
 * none, though no row knows it: to create it looks at what is there.
 *
 * @param wanted by the file, of `stack`
 */
export function findOrphans(
  kinds: Kinds,
  rows: readonly Row[],
  wanted: { stack: string; addresses: ReadonlySet<Address> } | undefined,
  probe: Probe,
  site: InstallPaths,
): Orphan[] {
  const known = new Set(rows.map(({ kind, stack, name }) => `${stack}/${addressOf(kind, name)}`));
  for (const address of wanted?.addresses ?? []) known.add(`${wanted?.stack}/${address}`);
  const found = Object.values(kinds).flatMap((kind) => {
    const marked = kind.discoverOwned?.(probe, site) ?? [];
    if (marked.length === 0) return [];
    // one that was given another name still bears the mark of its old one
    const own = rows.filter((row) => row.kind === kind.name);
    const identities = new Set(own.map(({ spec }) => kind.identity?.(spec)));
    return marked
      .filter(({ spec }) => !identities.has(kind.identity?.(spec)))
      .map((each): Orphan => ({ kind: kind.name, ...each }));
  });
  return found
    .filter(({ kind, stack, name }) => !known.has(`${stack}/${addressOf(kind, name)}`))
    .sort((a, b) => byName(`${a.kind}.${a.name}`, `${b.kind}.${b.name}`));
}
