import { listSnapshots } from '../host/linux/snapshots/store.js';
import { addressOf } from '../model/address.js';
import {
  DISK_SNAPSHOTS,
  diskSnapshotsDir,
  idOf,
  snapshotsDir,
  volumeDir,
} from '../model/install-paths.js';
import type { Note } from '../model/plan.js';
import type { Context } from './context.js';
import { foldersWithSnapshots } from './volume-snapshots/list.js';

/** What a destroyed stack leaves behind of snapshots, which go by name alone. */
export function snapshotNotes(context: Context, stack: string): Note[] {
  const { paths } = context;
  return foldersWithSnapshots(context)
    .filter((each) => each.stack === stack)
    .map(({ folder }) => {
      const isDisk = folder.startsWith(DISK_SNAPSHOTS);
      const kind = isDisk ? 'container' : 'volume';
      const name = isDisk ? folder.slice(DISK_SNAPSHOTS.length) : folder;
      const dir = isDisk
        ? diskSnapshotsDir(paths, idOf(stack, name))
        : snapshotsDir(volumeDir(paths, stack, name));
      const count = listSnapshots(dir).length;
      const what = count === 1 ? '1 snapshot, which stays' : `${count} snapshots, which stay`;
      const command = `baleine ${kind} snapshots rm --stack ${stack} ${name} TAG`;
      return { address: addressOf(kind, name), text: `has ${what} until: ${command}` };
    });
}
