import type { CopyEntry, ImageFrom } from '../../model/config.js';
import { imageVersion } from '../../model/image-version.js';
import { type InstallPaths, imageFile, previousFile } from '../../model/install-paths.js';
import type { Difference } from '../../model/plan.js';
import { pendingReason, type Resource, type Row } from '../../model/resource.js';
import type { ImageFacts, ImageOrigin, ImageSpec } from '../../model/specs.js';
import type { StepOf } from '../../model/step.js';
import { needsBuild } from './compare.js';
import type { ObservedImage } from './observe.js';

type ImageStep = StepOf<ImageVerbs>;
type ImageRow = Row<ImageSpec, ImageFacts>;

export function create(
  { spec }: Resource<ImageSpec>,
  reason: string,
  paths: InstallPaths,
): ImageStep[] {
  const { size, from, base, copy, run, config } = spec;
  // recorded settings are not part of a build
  const { original: _original, ...origin } = spec.origin ?? {};
  const args = {
    id: spec.id,
    file: imageFile(paths, spec.id),
    size,
    from,
    ...(base && { base: base.file }),
    ...(spec.origin && { origin: origin as ImageOrigin }),
    copy,
    run,
    environment: config.environment,
  };
  return [{ verb: 'image.build', args, reason }];
}

/** A pending row has the desired spec, not that of the current file. */
export function update(
  desired: Resource<ImageSpec>,
  row: ImageRow,
  _observed: ObservedImage,
  differences: Difference[],
  paths: InstallPaths,
): ImageStep[] {
  const reasons = differences.filter(needsBuild).map(({ reason }) => reason);
  if (row.status === 'pending') reasons.push(pendingReason(row, 'build'));
  if (reasons.length === 0) return [];
  const whole = differences.every(({ attribute }) => attribute !== 'file');
  const kept = whole ? keep(desired.spec, row, paths) : [];
  return [...kept, ...create(desired, reasons.join(', '), paths)];
}

/**
 * Keeps a version only once: after an interrupted run, the file may already contain the new one.
 */
function keep(
  { id, previous }: ImageSpec,
  { spec, facts }: ImageRow,
  paths: InstallPaths,
): ImageStep[] {
  const version = imageVersion(spec);
  if (previous !== version || facts.kept === version) return [];
  const args = { file: imageFile(paths, id), as: previousFile(paths, id), version };
  return [{ verb: 'image.keep', args, reason: 'containers run on it and may roll back to it' }];
}

export function remove({ spec }: ImageRow, reason: string, paths: InstallPaths): ImageStep[] {
  const files = [imageFile(paths, spec.id), previousFile(paths, spec.id)];
  return [{ verb: 'image.remove', args: { id: spec.id, files }, reason }];
}

export interface ImageVerbs {
  /** Builds a new file and renames it over the old one; containers keep their own copies. */
  'image.build': {
    id: string;
    file: string;
    /** Bytes. */
    size: number;
    from: ImageFrom;
    /** The base image's file, for `from: {image}`. */
    base?: string;
    /** For an image built by another tool. */
    origin?: ImageOrigin;
    copy: CopyEntry[];
    run: string[];
    /** Environment of the run lines. */
    environment: Record<string, string>;
  };
  /**
   * Hard-links the file under a second name before a build replaces it; `version` is its content's
   * version.
   */
  'image.keep': { file: string; as: string; version: string };
  'image.remove': { id: string; files: string[] };
}
