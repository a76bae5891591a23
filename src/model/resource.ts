import { type Address, addressOf, type KindName } from './address.js';
import type { UpdatePolicy } from './config.js';

/** One thing the user wants to exist. `Spec` is plain JSON in the words of the file. */
export interface Resource<Spec = unknown> {
  address: Address;
  kind: KindName;
  name: string;
  spec: Spec;
  /**
   * What it is to be while those that are reached through it take turns; `rows` are theirs, and those
   * of spares that are there. Undefined, or absent: as it is to be, at once.
   */
  transitionalSpec?: (rows: readonly Row[]) => Spec | undefined;
  /** What must exist before it. Order only: a change there does not by itself change this. */
  needs: Address[];
  /** Refuse to destroy or replace it. */
  protect: boolean;
  /** Its entry in the file, for complaints found later. Absent for what no entry describes. */
  entry?: readonly (string | number)[];
  /** What a reader should know before it is created or changed. Absent for none. */
  warnings?: string[];
  /** One of several that stand for each other, so that they can be replaced a few at a time. */
  rolling?: Rolling;
  /** Of a container: those that the file has one entry for, `containers.web` or `farms.shop`. */
  group?: string;
  /** It is there only while others of its kind are replaced. */
  spare?: true;
}

export interface Rolling extends Pick<UpdatePolicy, 'order' | 'parallelism' | 'failure_action'> {
  /** Through which they are reached; the same for all of them and for no other. */
  through: Address;
}

/** One line of a state file: what was last applied, and what the host answered. */
export interface Row<Spec = unknown, Facts = unknown> {
  kind: KindName;
  /** The stack that owns it; `-` for what was made by hand. */
  stack: string;
  name: string;
  /** `pending` from before the first step of a change until after its last. */
  status: 'pending' | 'ready';
  spec: Spec;
  /** What only the host knows: pid, start time, creation time. */
  facts: Facts;
  /** As desired when it was applied; destroy goes by this when the file no longer has the entry. */
  needs: Address[];
  protect: boolean;
}

/** Facts of a row whose resource has not been completed once: its first creation failed or was cut off. */
export const NEVER_CREATED = { unmade: true } as const;

/** Nothing is lost when it is made from the beginning, or from something else. */
export function isNeverCreated({ status, facts }: Row): boolean {
  return status === 'pending' && (facts as { unmade?: true }).unmade === true;
}

/** Facts of a row whose last change failed, as opposed to one that was interrupted. */
export interface FailureFacts {
  /** Why, on one line and without secrets; gone when the change is tried again. */
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

/** Facts of a row that holds data of the user. */
export interface DataFacts {
  /** The stack's file no longer has it, as the last apply found; its data was kept. */
  unused?: boolean;
}

/** A wish that it be as it was last applied. */
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
 * A column of a table for people and awk; never read back. What it says follows from its row alone,
 * or `across` rows, which are those of all tables.
 */
export type Column<Spec = unknown, Facts = unknown> = { header: string } & (
  | { value: (row: Row<Spec, Facts>) => string | number }
  | { across: (row: Row<Spec, Facts>, rows: readonly Row[]) => string | number }
);
