import { equal } from '../../model/json.js';
import type { VolumeSpec } from '../../model/specs.js';
import type { Preflight } from '../kind.js';

/** A size that its data does not fit in, or that takes the containers' end; a backup that cannot be. */
export const preflight: Preflight<VolumeSpec> = {
  action: 'change',
  obstacles({ path, size, backup }, { recorded, host }) {
    const isResized = recorded !== undefined && recorded.size !== size;
    const isNew = backup !== undefined && !equal(recorded?.backup, backup);
    return [
      ...(isResized ? [{ at: ['size'], cause: host.volumeSizeProblem(path, size) }] : []),
      ...(isNew
        ? host.backupProblems(backup).map(({ at, cause }) => ({ at: ['backup', ...at], cause }))
        : []),
    ];
  },
};
