import { equal } from '../../model/json.js';
import type { Difference } from '../../model/plan.js';
import type { Resource, Row } from '../../model/resource.js';
import type { ConfigSpec } from '../../model/specs.js';

export interface ObservedConfig {
  text: string;
  /** Names of files that are not beside it. */
  missing?: string[];
}

/** What the file asks anew, then what somebody changed on the host. */
export function compare(
  { spec }: Resource<ConfigSpec>,
  row: Row<ConfigSpec>,
  seen: ObservedConfig,
): Difference[] {
  return [
    ...comparePlace(spec, row.spec),
    ...compareText(spec, row, seen),
    ...compareFiles(seen),
    ...compareReader(spec, row.spec),
    ...compareFarm(spec, row.spec),
  ];
}

function comparePlace(after: ConfigSpec, before: ConfigSpec): Difference[] {
  return (['dir', 'file'] as const)
    .filter((attribute) => before[attribute] !== after[attribute])
    .map((attribute) => ({
      attribute,
      before: before[attribute],
      after: after[attribute],
      cause: 'file',
      effect: 'replace',
      reason: `${attribute} ${before[attribute]} → ${after[attribute]}`,
    }));
}

function compareText(after: ConfigSpec, row: Row<ConfigSpec>, seen: ObservedConfig): Difference[] {
  // The text of an unfinished row may never have reached the host.
  const before = row.status === 'pending' ? seen.text : row.spec.text;
  const differences: Difference[] = [];
  if (before !== after.text) differences.push(text(before, after.text, 'file'));
  if (seen.text !== before && seen.text !== after.text) {
    differences.push(text(seen.text, before, 'drift'));
  }
  return differences;
}

function text(before: string, after: string, cause: Difference['cause']): Difference {
  const reason = cause === 'file' ? 'text changed' : 'text changed on the host';
  return { attribute: 'text', before, after, cause, effect: 'update', reason };
}

/** Other files have other names, and so make another text. */
function compareFiles({ missing = [] }: ObservedConfig): Difference[] {
  return missing.map((name) => ({
    attribute: 'files',
    cause: 'drift',
    effect: 'update',
    reason: `${name} is gone`,
  }));
}

function compareReader({ reader: after }: ConfigSpec, { reader: before }: ConfigSpec) {
  if (equal(before ?? null, after ?? null)) return [];
  const change = { attribute: 'reader', before, after, reason: 'another reader' };
  return [{ ...change, cause: 'file', effect: 'update' } satisfies Difference];
}

/** On record only: the commands about farms go by it. */
function compareFarm({ farm: after }: ConfigSpec, { farm: before }: ConfigSpec): Difference[] {
  if (equal(before ?? null, after ?? null)) return [];
  const reason = after?.scaled
    ? `scaled to ${after.scaled.servers}`
    : before?.scaled
      ? 'as many servers as the file says'
      : 'another farm';
  return [{ attribute: 'farm', before, after, cause: 'file', effect: 'update', reason }];
}
