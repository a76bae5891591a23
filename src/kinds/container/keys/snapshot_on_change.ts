import { snapshotOnChange } from '../../key.js';
import { plainKey } from './key.js';

const { schema, read } = snapshotOnChange(
  'Whether `apply` keeps the disk of the container as a snapshot `before-change-…` when it replaces it, which costs no copy. `{keep: N}`: how many of these stay, 5 by default. `container restore NAME TAG --disk` brings one back.',
);

export const snapshot_on_change = plainKey({ schema, read, change: 'record', release: false });
