import { equal } from '../../model/json.js';
import type { Difference } from '../../model/plan.js';
import type { Resource, Row } from '../../model/resource.js';
import type { ConfigSpec } from '../../model/specs.js';

export interface ObservedConfig {
  text: string;
  /** Names of companion files that are missing. */
  missing?: string[];
}

/** First what changed in the file, then what changed on the host. */
export function compare(
  { spec }: Resource<ConfigSpec>,
  row: Row<ConfigSpec>,
  observed: ObservedConfig,
): Difference[] {
  return [
    ...comparePlace(spec, row.spec),
    ...compareText(spec, row, observed),
    ...compareFiles(observed),
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

function compareText(
  after: ConfigSpec,
  row: Row<ConfigSpec>,
  observed: ObservedConfig,
): Difference[] {
  // An unfinished text may never have reached the host.
  const before = row.status === 'pending' ? observed.text : row.spec.text;
  const differences: Difference[] = [];
  if (before !== after.text) differences.push(text(before, after.text, 'file'));
  if (observed.text !== before && observed.text !== after.text) {
    differences.push(text(observed.text, before, 'drift'));
  }
  return differences;
}

function text(before: string, after: string, cause: Difference['cause']): Difference {
  const reason = cause === 'file' ? 'text changed' : 'text changed on the host';
  return { attribute: 'text', before, after, cause, effect: 'update', reason };
}

/** Changed files have other names, and so change the text. */
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
  const change = { attribute: 'reader', before, after, reason: 'reader changed' };
  return [{ ...change, cause: 'file', effect: 'update' } satisfies Difference];
}

/** Exists only in the state tables, for the farm commands. */
function compareFarm({ farm: after }: ConfigSpec, { farm: before }: ConfigSpec): Difference[] {
  if (equal(before ?? null, after ?? null)) return [];
  const reason = after?.scaled
    ? `scaled to ${after.scaled.servers}`
    : before?.scaled
      ? 'scaled as in the file'
      : 'farm changed';
  return [{ attribute: 'farm', before, after, cause: 'file', effect: 'update', reason }];
}
