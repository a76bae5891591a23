import type { Peers } from '../kinds/kind.js';
import { type Address, addressOf } from '../model/address.js';
import type { InstallPaths } from '../model/install-paths.js';
import { equal } from '../model/json.js';
import type { Unit } from '../model/plan.js';
import type { Resource, Row } from '../model/resource.js';
import type { Step } from '../model/step.js';
import type { Decision } from './decide.js';
import type { Kinds } from './observe.js';

/** What units are planned from. */
export interface UnitContext {
  kinds: Kinds;
  paths: InstallPaths;
  /** The recorded rows of the stack. */
  rows: readonly Row[];
  /** All rows of the stack, if `rows` is only a selection. */
  peers?: readonly Row[];
}

/** The units that implement a decision; a replacement is a removal and a creation. */
export function unitsOf(decision: Decision, context: UnitContext): Unit[] {
  const { kinds, paths } = context;
  const peers = peersIn(context);
  const { action, resource, row, reasons, orphan } = decision;
  const reason = reasons.join(', ');
  const drop = (successor?: Resource) =>
    row ? [dropUnit(row, kinds[row.kind].remove(row, reason, paths, successor))] : [];
  if (!resource) return drop().map((unit) => (orphan ? { ...unit, orphan } : unit));
  const kind = kinds[resource.kind];
  const create = () => putUnit(resource, kind.create(resource, reason, paths, peers), false);
  if (action === 'create') {
    // remains of another spec are removed first: its links may have other names; never data
    const isOther = row && !kind.keepsData && !equal(row.spec, resource.spec);
    return isOther ? [...drop(), create()] : [create()];
  }
  if (action === 'replace') {
    const first = row && kind.verify ? kind.verify(resource, row, reason) : [];
    return [
      ...drop(resource).map((unit) => ({ ...unit, steps: [...first, ...unit.steps] })),
      create(),
    ];
  }
  if (decision.release) return [releaseUnit(resource, decision.release, context)];
  const { differences, observed } = decision;
  const steps = kind.update(resource, row as Row, observed, differences, paths, peers);
  return [putUnit(resource, steps, true)];
}

/** Indexed, because every dependency of every container is looked up. */
function peersIn({ rows, peers = rows }: UnitContext): Peers {
  const known = rowsByAddress.get(peers) ?? new Map(peers.map((row) => [addressIn(row), row]));
  rowsByAddress.set(peers, known);
  return (address) => known.get(address);
}

const addressIn = ({ kind, name }: Row) => addressOf(kind, name);

const rowsByAddress = new WeakMap<readonly Row[], ReadonlyMap<Address, Row>>();

export const putId = (address: string) => `put ${address}`;
export const dropId = (address: string) => `drop ${address}`;

/** After everything that needs it is gone. */
function releaseUnit(resource: Resource, steps: Step[], { rows }: UnitContext): Unit {
  const { address } = resource;
  const users = rows.filter(({ needs }) => needs.includes(address)).map(addressIn);
  const unit = putUnit(resource, steps, true);
  return { ...unit, id: `release ${address}`, needs: users.map(dropId) };
}

/** Removes what the same plan has created, and so has another row by then. */
export function retireUnit(
  { address, kind, name, spec, needs, protect }: Resource,
  before: Row | undefined,
  kinds: Kinds,
  paths: InstallPaths,
): Unit {
  const stack = before?.stack ?? '';
  const row: Row = { kind, stack, name, status: 'ready', spec, facts: {}, needs, protect };
  const steps = kinds[kind].remove(row, 'no longer needed', paths);
  return { ...dropUnit(row, steps), id: `retire ${address}` };
}

/** Applies the final spec of what the same plan has put with its `transitional` spec. */
export function finalizeUnit(
  resource: Resource,
  transitional: unknown,
  reason: string,
  kinds: Kinds,
  paths: InstallPaths,
): Unit {
  const { address, kind, name, needs, protect } = resource;
  const row: Row = {
    kind,
    stack: '',
    name,
    status: 'ready',
    spec: transitional,
    facts: {},
    needs,
    protect,
  };
  const finalized = { attribute: 'rotation', cause: 'file', effect: 'update', reason } as const;
  const steps = kinds[kind].update(resource, row, undefined, [finalized], paths);
  return { ...putUnit(resource, steps, true), id: `finalize ${address}` };
}

function putUnit(resource: Resource, steps: Step[], keepFacts: boolean): Unit {
  const { address, kind, name, spec, needs, optional, protect, createdFrom = [] } = resource;
  return {
    id: putId(address),
    mode: 'put',
    address,
    kind,
    name,
    spec,
    resourceNeeds: needs,
    ...(optional && { optional }),
    protect,
    keepFacts,
    steps,
    needs: createdFrom.map(putId),
  };
}

function dropUnit({ kind, name, spec, needs, protect }: Row, steps: Step[]): Unit {
  const address = addressOf(kind, name);
  return {
    id: dropId(address),
    mode: 'drop',
    address,
    kind,
    name,
    spec,
    resourceNeeds: needs,
    protect,
    keepFacts: true,
    steps,
    needs: [],
  };
}
