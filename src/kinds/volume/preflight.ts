import type { VolumeSpec } from '../../model/specs.js';
import type { Preflight } from '../kind.js';

/** A size that its data does not fit in, or that takes the containers' end. */
export const preflight: Preflight<VolumeSpec> = {
  action: 'change',
  obstacles({ path, size }, { recorded, host }) {
    if (recorded === undefined || recorded.size === size) return [];
    return [{ at: ['size'], cause: host.volumeSizeProblem(path, size) }];
  },
};
