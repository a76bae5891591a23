import type { Difference } from '../../model/plan.js';
import type { Resource, Row } from '../../model/resource.js';
import type { ConfigSpec } from '../../model/specs.js';
import type { StepOf } from '../../model/step.js';
import type { ConfigVerbs } from './verbs.js';

type ConfigStep = StepOf<ConfigVerbs>;

/** The reader is told also at first: it may run already, when the file was lost. */
export function create({ spec }: Resource<ConfigSpec>, reason: string): ConfigStep[] {
  const { dir, file, text, reader } = spec;
  if (!reader) return [{ verb: 'config.write', args: { dir, file, text }, reason }];
  const { id, check, signal } = reader;
  return [
    { verb: 'config.write', args: { dir, file, text, reader: { id, check } }, reason },
    { verb: 'config.reload', args: { reader: { id, signal } }, reason },
  ];
}

export function update(
  desired: Resource<ConfigSpec>,
  _row: Row<ConfigSpec>,
  _seen: unknown,
  differences: Difference[],
): ConfigStep[] {
  // An interrupted run may have written the text and not told the reader.
  const reasons = differences.map(({ reason }) => reason);
  return create(desired, reasons.join(', ') || 'unfinished');
}

export function remove({ spec }: Row<ConfigSpec>, reason: string): ConfigStep[] {
  return [{ verb: 'config.remove', args: { dir: spec.dir }, reason }];
}
