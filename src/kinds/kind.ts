import type { Host, Preconditions, Probe } from '../host/ports.js';
import type { Address, KindName } from '../model/address.js';
import type { Schedules } from '../model/due.js';
import type { InstallPaths } from '../model/install-paths.js';
import type { Difference, Unit, Warning } from '../model/plan.js';
import type { Column, Resource, Row } from '../model/resource.js';
import type { Facts, Handlers, Step, StepOf } from '../model/step.js';

/** A resource found on the host by our mark. */
export interface OwnedResource<Spec = unknown> {
  stack: string;
  name: string;
  spec: Spec;
}

/** The context of an import. */
export interface Adoption {
  host: Host;
  probe: Probe;
  paths: InstallPaths;
}

/** Looks up recorded rows of the stack, for resources that depend on others. */
export type Peers = (address: Address) => Row | undefined;

/** The planned steps of a resource of the stack, and whether only the host has changed; else undefined. */
export type PlannedSteps = (
  address: Address,
) => { steps: readonly Step[]; drift: boolean } | undefined;

/** Why a resource restarts because of others, and whether only the host has changed. */
export interface Follows {
  reason: string;
  drift: boolean;
}

/** The row of an imported resource. */
export type Adopted<Spec> = Pick<Row<Spec, Facts>, 'spec' | 'facts' | 'status'>;

/** What saves the data of a resource. */
export interface Preservation<Verbs> {
  steps: StepOf<Verbs>[];
  /** For people, at whatever it precedes: `snapshot of volume.data first`. */
  text: string;
}

/**
 * Everything baleine knows about one kind of resource. Pure, except for the handlers, which are
 * loaded when a step runs.
 */
export interface Kind<Spec, RowFacts, Observed, Verbs> {
  name: KindName;
  /** Derived from other resources: shown separately and not counted. */
  derived?: true;
  /**
   * Present if it holds user data that cannot be recreated: no plan deletes it unless the user
   * names it or passes `--volumes`. Returns the command that deletes one.
   */
  keepsData?(stack: string, name: string): string;
  /**
   * File name and leading columns of its table; the columns of the original system come first.
   * `late`: the kind was added after the first release, so the table may be missing.
   */
  table: { file: string; late?: true; columns: Column<Spec, RowFacts>[] };
  /**
   * Its identity on the host, unique within the kind. It does not change when the resource is
   * renamed. Absent for derived kinds.
   */
  identity?(spec: Spec): string;
  /** The observed state of a resource; undefined if it does not exist. */
  observe(
    spec: Spec,
    facts: RowFacts | undefined,
    probe: Probe,
    paths: InstallPaths,
  ): Observed | undefined;
  /** What `observe` would return without drift. */
  assume(spec: Spec, facts: RowFacts): Observed;
  /**
   * Why an unrecorded resource cannot be created: something else is in its place. Undefined if the
   * place is free or carries our mark.
   */
  foreign(spec: Spec, probe: Probe, paths: InstallPaths): string | undefined;
  /**
   * Everything that carries our mark, recorded or not, with as much of the spec as `remove` needs.
   * Absent for derived kinds, for data that cannot be recreated and is therefore kept, and where other
   * roots leave the same mark.
   */
  discoverOwned?(probe: Probe, paths: InstallPaths): OwnedResource<Spec>[];
  /**
   * Imports something from the host into the state, as close to `desired` as it is; the next plan
   * shows the remaining differences. `id` identifies it if it is not at its default place. Absent
   * for derived kinds.
   *
   * @throws UserError if it does not exist or does not fit
   */
  adopt?(desired: Resource<Spec>, id: string | undefined, on: Adoption): Promise<Adopted<Spec>>;
  /**
   * Why a resource that is gone or unfinished cannot be recreated, so that its row is dropped;
   * undefined if it can.
   */
  irrecoverable?(desired: Resource<Spec>, row: Row<Spec, RowFacts>): string | undefined;
  /** In the order suited to readers of a plan. Empty if everything is as desired. */
  compare(desired: Resource<Spec>, row: Row<Spec, RowFacts>, observed: Observed): Difference[];
  /**
   * Facts to save from this observation even if nothing changes; undefined if there is nothing new.
   */
  factUpdate?(
    desired: Resource<Spec>,
    row: Row<Spec, RowFacts>,
    observed: Observed,
  ): Facts | undefined;
  /** A note if nothing changes: it is waiting, it is unhealthy. */
  note?(desired: Resource<Spec>, row: Row<Spec, RowFacts>, observed: Observed): string | undefined;
  /**
   * When work on a resource is due, by task; `app/due-work` does it. Absent if there is never any.
   * Its facts then have the times (`DueFacts`).
   */
  schedules?(spec: Spec): Schedules;
  /** What its creation includes, for people: `seeded from /data of image web`. Absent for nothing. */
  creation?(desired: Resource<Spec>): string[];
  /** What its replacement includes, for people: `its disk is kept as a snapshot`. Absent for nothing. */
  replacement?(desired: Resource<Spec>, row: Row<Spec, RowFacts>): string[];
  /**
   * Whether what a plan does to others of the stack takes a restart of this one. Absent if that never
   * does.
   */
  follow?(
    desired: Resource<Spec>,
    row: Row<Spec, RowFacts>,
    observed: Observed,
    planned: PlannedSteps,
  ): Follows | undefined;
  /** Creates it from scratch or from an unfinished attempt. */
  create(
    desired: Resource<Spec>,
    reason: string,
    paths: InstallPaths,
    peers?: Peers,
  ): StepOf<Verbs>[];
  update(
    desired: Resource<Spec>,
    row: Row<Spec, RowFacts>,
    observed: Observed,
    differences: Difference[],
    paths: InstallPaths,
    peers?: Peers,
  ): StepOf<Verbs>[];
  /**
   * Steps that check, before a resource is removed for a replacement, that the replacement can be
   * created. Absent if that cannot be checked.
   */
  verify?(desired: Resource<Spec>, row: Row<Spec, RowFacts>, reason: string): StepOf<Verbs>[];
  /**
   * What saves its data before others that need it are replaced. Undefined if nothing is to be saved,
   * absent if that is never so.
   *
   * @param users rows of the stack that need it
   * @param change identifies the replacements: the same when they are tried again
   */
  preserve?(
    desired: Resource<Spec>,
    row: Row<Spec, RowFacts>,
    users: readonly Row[],
    change: string,
  ): Preservation<Verbs> | undefined;
  /** Whether steps interrupt its service. Absent if none do. */
  interrupts?(steps: readonly Step[]): boolean;
  /** @param successor what replaces it */
  remove(
    row: Row<Spec, RowFacts>,
    reason: string,
    paths: InstallPaths,
    successor?: Resource<Spec>,
  ): StepOf<Verbs>[];
  /**
   * What frees the host of a resource that is kept although nothing declares it any more: its mount.
   * Absent if that is never anything.
   */
  release?(row: Row<Spec, RowFacts>, observed: Observed): StepOf<Verbs>[];
  /**
   * Other resources of the stack that `--target` includes with one of this spec, desired or
   * recorded. Absent for none.
   */
  alongside?(spec: Spec): Address[];
  /** Its checks of a plan; loaded when a plan has something to do. Absent if nothing can be checked. */
  preflight?(): Promise<Preflight<Spec>>;
  handlers(host: Host, paths: InstallPaths): Promise<Handlers<Verbs>>;
}

/** Why a resource cannot be created or changed as planned. */
export interface Obstacle {
  /** Relative to its entry in the file: `['volumes', 0]`. */
  at: readonly (string | number)[];
  /** Undefined if it can. */
  cause: string | undefined;
}

/** The spec that a unit of a plan applies or removes. */
export type PlannedSpec<Spec> = Pick<Unit, 'address' | 'mode'> & { spec: Spec };

/** What a resource is checked against. */
export interface PreflightContext<Spec> {
  /** Of the planned steps. */
  verbs: ReadonlySet<string>;
  recorded: Spec | undefined;
  /** All units of the plan of this kind, those that remove something too. */
  planned: readonly PlannedSpec<Spec>[];
  host: Preconditions;
  paths: InstallPaths;
}

/** What would fail only after something running has been stopped, for the resources of one kind. */
// biome-ignore lint/suspicious/noExplicitAny: as for AnyKind
export interface Preflight<Spec = any> {
  /** What an obstacle prevents: `start`. */
  action: string;
  /** What a file declares of a spec. Absent: all of it. */
  declared?(spec: Spec): unknown;
  /** Obstacles to creating or changing a resource as planned. */
  obstacles(spec: Spec, context: PreflightContext<Spec>): Obstacle[];
  /** Warnings about the planned resources of this kind. */
  warnings?(planned: readonly PlannedSpec<Spec>[], host: Preconditions): Warning[];
}

/** A kind whose own types do not matter to the caller. */
// biome-ignore lint/suspicious/noExplicitAny: the one place where the kinds' types are erased
export type AnyKind = Kind<any, any, any, any>;

/** All kinds, by name. */
export type Kinds = Readonly<Record<KindName, AnyKind>>;
