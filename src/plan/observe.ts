import type { Probe } from '../host/ports.js';
import type { Kinds } from '../kinds/kind.js';
import type { Address } from '../model/address.js';
import { addressOf } from '../model/address.js';
import type { Resource, Row } from '../model/resource.js';
import type { Site } from '../model/site.js';
import { findOrphans, type Orphan } from './orphans.js';

export type { Kinds };

/** The one snapshot a plan is made from. */
export interface Observed {
  /** What was seen of each resource, in its kind's own form. Absent: nothing is there. */
  seen: Map<Address, unknown>;
  /** Why a resource that no row knows cannot be made: somebody else's is in its place. */
  foreign: Map<Address, string>;
  /** Of this stack. */
  orphans: Orphan[];
}

/**
 * Looks at what the stack's rows and the file speak of, and for what else bears its mark.
 *
 * @param stack absent: nothing is looked for
 */
export function observe(
  kinds: Kinds,
  resources: readonly Resource[],
  rows: readonly Row[],
  probe: Probe,
  site: Site,
  stack?: string,
): Observed {
  const seen = new Map<Address, unknown>();
  const foreign = new Map<Address, string>();
  for (const { kind, name, spec, facts } of rows) {
    const state = kinds[kind].observe(spec, facts, probe, site);
    if (state !== undefined) seen.set(addressOf(kind, name), state);
  }
  const recorded = new Set(rows.map(({ kind, name }) => addressOf(kind, name)));
  for (const { kind, address, spec } of resources) {
    const reason = recorded.has(address) ? undefined : kinds[kind].foreign(spec, probe, site);
    if (reason !== undefined) foreign.set(address, reason);
  }
  const wanted = { stack: stack ?? '', addresses: new Set(resources.map((each) => each.address)) };
  const orphans =
    stack === undefined
      ? []
      : findOrphans(kinds, rows, wanted, probe, site).filter((each) => each.stack === stack);
  return { seen, foreign, orphans };
}

/** For `--refresh=false`: the host is believed to be as it was left. */
export function assumeUnmoved(kinds: Kinds, rows: readonly Row[]): Observed {
  const seen = rows.map(({ kind, name, spec, facts }): [Address, unknown] => [
    addressOf(kind, name),
    kinds[kind].assume(spec, facts),
  ]);
  return { seen: new Map(seen), foreign: new Map(), orphans: [] };
}
