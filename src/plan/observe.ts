import type { Probe } from '../host/ports.js';
import type { Kinds } from '../kinds/kind.js';
import type { Address } from '../model/address.js';
import { addressOf } from '../model/address.js';
import type { InstallPaths } from '../model/install-paths.js';
import type { Resource, Row } from '../model/resource.js';
import { findOrphans, type Orphan } from './orphans.js';

export type { Kinds };

/** The observed state that a plan is made from. */
export interface Observed {
  /** The observed state of each resource, in the form of its kind. Absent: it does not exist. */
  states: Map<Address, unknown>;
  /** Why an unrecorded resource cannot be created: something that is not ours is in its place. */
  foreign: Map<Address, string>;
  /** Orphans of this stack. */
  orphans: Orphan[];
}

/**
 * Observes the resources in the rows and the file of a stack, and finds its orphans.
 *
 * @param stack absent: orphans are not searched for
 */
export function observe(
  kinds: Kinds,
  resources: readonly Resource[],
  rows: readonly Row[],
  probe: Probe,
  paths: InstallPaths,
  stack?: string,
): Observed {
  const states = new Map<Address, unknown>();
  const foreign = new Map<Address, string>();
  for (const { kind, name, spec, facts } of rows) {
    const state = kinds[kind].observe(spec, facts, probe, paths);
    if (state !== undefined) states.set(addressOf(kind, name), state);
  }
  const recorded = new Set(rows.map(({ kind, name }) => addressOf(kind, name)));
  for (const { kind, address, spec } of resources) {
    const reason = recorded.has(address) ? undefined : kinds[kind].foreign(spec, probe, paths);
    if (reason !== undefined) foreign.set(address, reason);
  }
  const desired = { stack: stack ?? '', addresses: new Set(resources.map((each) => each.address)) };
  const orphans =
    stack === undefined
      ? []
      : findOrphans(kinds, rows, desired, probe, paths).filter((each) => each.stack === stack);
  return { states, foreign, orphans };
}

/** For `--refresh=false`: assumes that the host matches the records. */
export function assumeNoDrift(kinds: Kinds, rows: readonly Row[]): Observed {
  const states = rows.map(({ kind, name, spec, facts }): [Address, unknown] => [
    addressOf(kind, name),
    kinds[kind].assume(spec, facts),
  ]);
  return { states: new Map(states), foreign: new Map(), orphans: [] };
}
