import type { Difference } from '../../model/plan.js';
import type { Resource, Row } from '../../model/resource.js';
import { imageFile, type Site } from '../../model/site.js';
import type { ImageFacts, ImageSpec } from '../../model/specs.js';
import type { StepOf } from '../../model/step.js';
import { takesBuild } from './compare.js';
import type { ImageSeen } from './observe.js';
import type { ImageVerbs } from './verbs.js';

type ImageStep = StepOf<ImageVerbs>;
type ImageRow = Row<ImageSpec, ImageFacts>;

export function create({ spec }: Resource<ImageSpec>, reason: string, site: Site): ImageStep[] {
  const { size, from, base, origin, copy, run, config } = spec;
  const args = {
    file: imageFile(site, spec.id),
    size,
    from,
    ...(base && { base: base.file }),
    ...(origin && { origin }),
    copy,
    run,
    environment: config.environment,
  };
  return [{ verb: 'image.build', args, reason }];
}

/** A row left pending says what was wanted, not what is in the file. */
export function update(
  desired: Resource<ImageSpec>,
  row: ImageRow,
  _seen: ImageSeen,
  differences: Difference[],
  site: Site,
): ImageStep[] {
  const reasons = differences.filter(takesBuild).map(({ reason }) => reason);
  if (row.status === 'pending') reasons.push('an earlier build was interrupted');
  return reasons.length > 0 ? create(desired, reasons.join(', '), site) : [];
}

export function remove({ spec }: ImageRow, reason: string, site: Site): ImageStep[] {
  return [{ verb: 'image.remove', args: { file: imageFile(site, spec.id) }, reason }];
}
