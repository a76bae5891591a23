import type { Kinds } from '../kinds/kind.js';
import { type Address, addressOf } from '../model/address.js';
import type { FactUpdate, Note, Plan } from '../model/plan.js';
import type { DataFacts, Resource, Row } from '../model/resource.js';
import type { Decision } from './decide.js';
import type { Observed } from './observe.js';

interface Input {
  resources: readonly Resource[];
  rows: readonly Row[];
  observed: Observed;
  kinds: Kinds;
}

/** By-products of the snapshot: notes on resources that do not change, and facts to save. */
export function planNotes(
  { resources, rows, observed, kinds }: Input,
  decisions: readonly Decision[],
  kept: { notes: readonly Note[]; factUpdates: readonly FactUpdate[] } = {
    notes: [],
    factUpdates: [],
  },
): Pick<Plan, 'notes' | 'factUpdates'> {
  const changed = new Set(decisions.map(({ resource }) => resource?.address));
  const rowOf = new Map(rows.map((row) => [addressOf(row.kind, row.name), row]));
  const notes: Note[] = [...kept.notes];
  const factUpdates: FactUpdate[] = [...kept.factUpdates];
  for (const resource of resources) {
    const { address, kind, name } = resource;
    const [row, state] = [rowOf.get(address), observed.states.get(address)];
    if (!row || state === undefined) continue;
    const facts = kinds[kind].factUpdate?.(resource, row, state);
    if (facts) factUpdates.push({ kind, name, facts });
    const text = changed.has(address) ? undefined : kinds[kind].note?.(resource, row, state);
    if (text !== undefined) notes.push({ address, text });
  }
  return { ...(notes.length > 0 && { notes }), ...(factUpdates.length > 0 && { factUpdates }) };
}

/** Whether an earlier apply found that the file no longer declares it, and kept its data. */
export function isUnused({ facts }: Row): boolean {
  return (facts as DataFacts | undefined)?.unused === true;
}

/** Notes, in every plan, on data that no file declares. */
export function unusedNotes(rows: readonly Row[], kinds: Kinds): Note[] {
  return rows.filter(isUnused).map((row) => ({
    address: addressOf(row.kind, row.name),
    text: `is no longer in the file; its data is kept until: ${removalOf(row, kinds)}`,
  }));
}

/**
 * The plan of a stack that is in sync.
 *
 * @param rows of the stack
 */
export function emptyPlan(stack: string, rows: readonly Row[], kinds: Kinds): Plan {
  const notes = unusedNotes(rows, kinds);
  return { stack, changes: [], units: [], ...(notes.length > 0 && { notes }) };
}

interface KeptDataInput {
  kinds: Kinds;
  goneReason?: string;
  dataSizes?: ReadonlyMap<Address, string>;
}

/** Notes and fact updates for rows that this plan keeps. */
export function keptDataNotes(
  { goneReason, dataSizes, kinds }: KeptDataInput,
  kept: readonly Row[],
): { notes: Note[]; factUpdates: FactUpdate[] } {
  if (goneReason === undefined) {
    const unused = kept.map((row) => ({ ...row, facts: { unused: true } }));
    const factUpdates = kept
      .filter((row) => !isUnused(row))
      .map(({ kind, name }) => ({ kind, name, facts: { unused: true } }));
    return { notes: unusedNotes(unused, kinds), factUpdates };
  }
  const notes = kept.map((row) => {
    const address = addressOf(row.kind, row.name);
    const size = dataSizes?.get(address);
    const data = size === undefined ? 'its data' : `its data (${size})`;
    return { address, text: `is kept with ${data}; --volumes removes it too` };
  });
  return { notes, factUpdates: [] };
}

/** Rows that stay, and the protected one that each is needed by; its own address if it is that. */
export type Staying = ReadonlyMap<Address, Address>;

/** The protected rows that exist, with everything that they need. */
export function protectedRows(
  rows: readonly (readonly [Address, Row])[],
  { observed }: Pick<Input, 'observed'>,
): Staying {
  const rowOf = new Map(rows);
  const staying = new Map<Address, Address>();
  const stay = (address: Address, by: Address) => {
    const row = rowOf.get(address);
    if (!row || staying.has(address) || !observed.states.has(address)) return;
    staying.set(address, by);
    for (const need of row.needs) stay(need, by);
  };
  const own = rows.filter(([, { protect }]) => protect).map(([address]) => address);
  for (const address of own) if (observed.states.has(address)) staying.set(address, address);
  for (const address of own) {
    for (const need of rowOf.get(address)?.needs ?? []) stay(need, address);
  }
  return staying;
}

/** Notes and fact updates for rows that this plan keeps, as data or because they are protected. */
export function keptNotes(
  input: KeptDataInput & Pick<Input, 'kinds'>,
  kept: readonly Row[],
  staying: Staying,
): { notes: Note[]; factUpdates: FactUpdate[] } {
  const data = kept.filter(({ kind, name }) => !staying.has(addressOf(kind, name)));
  const { notes, factUpdates } = keptDataNotes(input, data);
  const own = [...staying].flatMap(([address, by]): Note[] => {
    const size = input.dataSizes?.get(address);
    const what = size === undefined ? '' : ` with its data (${size})`;
    if (address === by) {
      const text = `is protected and stays${what}; set protect: false and apply, then it can go`;
      return [{ address, text }];
    }
    return isDerived(address, input.kinds)
      ? []
      : [{ address, text: `stays${what}: ${by} needs it` }];
  });
  return { notes: [...own, ...notes], factUpdates };
}

const isDerived = (address: Address, kinds: Kinds) =>
  kinds[address.slice(0, address.indexOf('.')) as keyof Kinds].derived === true;

const removalOf = ({ kind, stack, name }: Row, kinds: Kinds) =>
  kinds[kind].keepsData?.(stack, name) ?? '';
