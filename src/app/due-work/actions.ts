import { RUN } from '../../kinds/job/index.js';
import { BACKUP } from '../../kinds/volume/index.js';
import type { KindName } from '../../model/address.js';
import type { DueAction } from './due-action.js';

/** What can be due, by kind and task. Loaded when it is. */
export const ACTIONS: {
  readonly [K in KindName]?: Readonly<Record<string, () => Promise<DueAction>>>;
} = {
  job: { [RUN]: async () => (await import('../jobs/due.js')).runDue },
  volume: {
    snapshot: async () => (await import('../volume-snapshots/due.js')).snapshotDue,
    [BACKUP]: async () => (await import('../backup/due.js')).backupDue,
  },
};
