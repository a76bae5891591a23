import { type Address, addressOf, type KindName } from './address.js';
import type { UpdatePolicy } from './config.js';

/** A desired resource. `Spec` is plain JSON, with the keys of the file. */
export interface Resource<Spec = unknown> {
  address: Address;
  kind: KindName;
  name: string;
  spec: Spec;
  /**
   * The transitional spec while a rolling update replaces the instances behind it. `rows` are the
   * rows of those instances and of existing spares. Absent, or if it returns undefined: the desired
   * spec is applied at once.
   */
  transitionalSpec?: (rows: readonly Row[]) => Spec | undefined;
  /**
   * What must exist before it. Affects only the order: a change there does not change this
   * resource.
   */
  needs: Address[];
  /** Those of its needs that come before it, but need not succeed. Absent for none. */
  optional?: Address[];
  /** Refuse to delete or replace it. */
  protect: boolean;
  /**
   * The path of its entry in the file, for error messages. Absent if it has no entry of its own.
   */
  entry?: readonly (string | number)[];
  /**
   * Where the file has the entries of a list of the spec, by the key of the list. Absent: at the same
   * index.
   */
  places?: Readonly<Record<string, readonly number[]>>;
  /** Warnings to show before it is created or changed. Absent for none. */
  warnings?: string[];
  /** Texts of changed configs by their targets, for the plan alone: they are not recorded. */
  texts?: Readonly<Record<string, string>>;
  /** Set for interchangeable instances, which are replaced in batches. */
  rolling?: Rolling;
  /** For a container: the service it belongs to, `containers.web` or `farms.shop`. */
  group?: string;
  /** Exists only during a rolling update. */
  spare?: true;
  /**
   * For a volume: the image's folder that its first content comes from. For a container: those of
   * volumes that it mounts and that are not of this stack. Absent for none.
   */
  seeds?: VolumeSeed[];
  /** What must exist only for its creation: not recorded. Absent for none. */
  createdFrom?: Address[];
}

/** The first content of a new volume: what the image of the first container has at its mount point. */
export interface VolumeSeed {
  /** The volume's folder. */
  path: string;
  image: { name: string; file: string };
  /** A path in the image; links are resolved there. */
  from: string;
}

export interface Rolling extends Pick<UpdatePolicy, 'order' | 'parallelism' | 'failure_action'> {
  /**
   * The resource that clients reach them through; the same for all instances of a farm, and unique
   * to it.
   */
  through: Address;
}

/** A row of a state table: what was last applied, and the facts learned from the host. */
export interface Row<Spec = unknown, Facts = unknown> {
  kind: KindName;
  /** The stack that owns it; `-` for resources made by imperative commands. */
  stack: string;
  name: string;
  /** `pending` from before the first step of a change until after its last one. */
  status: 'pending' | 'ready';
  spec: Spec;
  /** What only the host knows: pid, start time, creation time. */
  facts: Facts;
  /**
   * The dependencies when it was applied. Destroy uses them after the file has dropped the entry.
   */
  needs: Address[];
  protect: boolean;
}

/** Marks a row whose resource was never completed: its first creation failed or was interrupted. */
export const NEVER_CREATED = { unmade: true } as const;

/** Whether it can be created from scratch, or from another spec, without losing anything. */
export function isNeverCreated({ status, facts }: Row): boolean {
  return status === 'pending' && (facts as { unmade?: true }).unmade === true;
}

/** Facts of a row whose last change failed, as opposed to being interrupted. */
export interface FailureFacts {
  /** Why, in one line without secrets; removed when the change is retried. */
  failure?: string;
}

/** Why a row is pending: `the last run failed: no space`, `an earlier run was interrupted`. */
export function pendingReason(row: Row, what = 'run'): string {
  const failure = failureOf(row);
  return failure === undefined
    ? `an earlier ${what} was interrupted`
    : `the last ${what} failed: ${failure}`;
}

export function failureOf({ facts }: Row): string | undefined {
  return (facts as FailureFacts).failure;
}

/** Facts of a row whose resource holds user data. */
export interface DataFacts {
  /** The last apply found that the file no longer declares it, and kept its data. */
  unused?: boolean;
  /** It was created before anything mounted it: its first content comes with its first mount. */
  unseeded?: boolean;
  /** The snapshot that the last change of its users began with, and what identifies the change. */
  preserved?: { tag: string; change: string };
}

/** A resource that is desired as it was last applied. */
export function resourceFromRow<Spec>({
  kind,
  name,
  spec,
  needs,
  protect,
}: Row<Spec>): Resource<Spec> {
  return { address: addressOf(kind, name), kind, name, spec, needs, protect };
}

/**
 * A column of a table for people and scripts; never read back. Its value depends on its own row
 * only, or, with `across`, on the rows of all tables.
 */
export type Column<Spec = unknown, Facts = unknown> = { header: string } & (
  | { value: (row: Row<Spec, Facts>) => string | number }
  | { across: (row: Row<Spec, Facts>, rows: readonly Row[]) => string | number }
);
