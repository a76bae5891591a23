import { canonical } from './json.js';
import type { Difference } from './plan.js';

/**
 * A value that differs between the file and the record.
 *
 * @param how for people; default: both values
 */
export function fromFile(
  attribute: string,
  before: unknown,
  after: unknown,
  effect: Difference['effect'] = 'update',
  how = `${textOf(before)} → ${textOf(after)}`,
): Difference {
  return {
    attribute,
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after }),
    cause: 'file',
    effect,
    reason: `${attribute} ${how}`,
  };
}

const textOf = (value: unknown) =>
  typeof value === 'object' ? canonical(value) : `${value ?? '(none)'}`;

/** What the host has lost or changed. */
export function drift(
  attribute: string,
  reason: string,
  effect: Difference['effect'] = 'update',
): Difference {
  return { attribute, cause: 'drift', effect, reason };
}
