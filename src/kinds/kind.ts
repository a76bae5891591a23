import type { Host, Probe } from '../host/ports.js';
import type { Address, KindName } from '../model/address.js';
import type { InstallPaths } from '../model/install-paths.js';
import type { Difference } from '../model/plan.js';
import type { Column, Resource, Row } from '../model/resource.js';
import type { Facts, Handlers, Step, StepOf } from '../model/step.js';

/** Found on the host by its mark alone. */
export interface OwnedResource<Spec = unknown> {
  stack: string;
  name: string;
  spec: Spec;
}

/** Where something is adopted. */
export interface Adoption {
  host: Host;
  probe: Probe;
  site: InstallPaths;
}

/** The recorded rows of the stack, for what depends on another one. */
export type Peers = (address: Address) => Row | undefined;

/** What the row will say. */
export type Adopted<Spec> = Pick<Row<Spec, Facts>, 'spec' | 'facts' | 'status'>;

/** Everything baleine knows of one kind of resource. Pure, but for the handlers, loaded when a step runs. */
export interface Kind<Spec, RowFacts, Seen, Verbs> {
  name: KindName;
  /** It follows from other resources: shown apart and not counted. */
  derived?: true;
  /**
   * Present when it holds data of the user that no apply could make again: no plan removes it unless
   * the user named it, or asked for that with `--volumes`. Returns the command that removes one.
   */
  keepsData?(stack: string, name: string): string;
  /**
   * File name of its table and its leading columns, the original system's first. `late`: the kind
   * came after the first release, so that a folder may be without the table.
   */
  table: { file: string; late?: true; columns: Column<Spec, RowFacts>[] };
  /**
   * How the host knows it: no other of its kind may have the same. It stays when the resource is
   * given another name. Absent for what is only derived.
   */
  identity?(spec: Spec): string;
  /** What is there of a resource; undefined when nothing is. */
  observe(
    spec: Spec,
    facts: RowFacts | undefined,
    probe: Probe,
    site: InstallPaths,
  ): Seen | undefined;
  /** What `observe` would find if nothing had moved since the row was written. */
  assume(spec: Spec, facts: RowFacts): Seen;
  /** What is there though no row says so: the reason to refuse, undefined when it is free or bears our mark. */
  foreign(spec: Spec, probe: Probe, site: InstallPaths): string | undefined;
  /**
   * All that bears our mark, in a row or not, with as much of a spec as `remove` goes by. Absent for
   * what is only derived, and for what no apply could make again: that is kept.
   */
  discoverOwned?(probe: Probe, site: InstallPaths): OwnedResource<Spec>[];
  /**
   * Takes something that is on the host on record, as near to `desired` as it is; the next plan
   * shows what is left to do. `id` says which when it is not where it would be made. Absent for
   * what is only derived.
   *
   * @throws UserError when it is not there or does not fit
   */
  adopt?(desired: Resource<Spec>, id: string | undefined, on: Adoption): Promise<Adopted<Spec>>;
  /** Why what has gone, or was never finished, cannot be made again and its row goes; undefined when it can. */
  irrecoverable?(desired: Resource<Spec>, row: Row<Spec, RowFacts>): string | undefined;
  /** In the order a reader of the plan would want them. Empty when all is as desired. */
  compare(desired: Resource<Spec>, row: Row<Spec, RowFacts>, seen: Seen): Difference[];
  /** What the row shall remember of this look, though nothing is to be done; undefined for nothing new. */
  factUpdate?(desired: Resource<Spec>, row: Row<Spec, RowFacts>, seen: Seen): Facts | undefined;
  /** What a reader should know though nothing is to be done: it waits, it is ill. */
  note?(desired: Resource<Spec>, row: Row<Spec, RowFacts>, seen: Seen): string | undefined;
  /** From nothing, or from an unfinished attempt. */
  create(
    desired: Resource<Spec>,
    reason: string,
    site: InstallPaths,
    peers?: Peers,
  ): StepOf<Verbs>[];
  update(
    desired: Resource<Spec>,
    row: Row<Spec, RowFacts>,
    seen: Seen,
    differences: Difference[],
    site: InstallPaths,
    peers?: Peers,
  ): StepOf<Verbs>[];
  /** Before what is to be replaced is taken away: whether its successor can be made. Absent: nobody knows. */
  verify?(desired: Resource<Spec>, row: Row<Spec, RowFacts>, reason: string): StepOf<Verbs>[];
  /** Whether steps keep it from its work for a while. Absent: none do. */
  interrupts?(steps: readonly Step[]): boolean;
  remove(row: Row<Spec, RowFacts>, reason: string, site: InstallPaths): StepOf<Verbs>[];
  handlers(host: Host, site: InstallPaths): Promise<Handlers<Verbs>>;
}

/** A kind whose own types do not matter to the caller. */
// biome-ignore lint/suspicious/noExplicitAny: the one place where the kinds' types are erased
export type AnyKind = Kind<any, any, any, any>;

/** All there are, by name. */
export type Kinds = Readonly<Record<KindName, AnyKind>>;
