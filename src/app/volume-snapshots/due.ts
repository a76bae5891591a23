import { join } from 'node:path';
import { listSnapshots } from '../../host/linux/snapshots/store.js';
import { formatBytes, formatDuration } from '../../model/format.js';
import { snapshotsDir } from '../../model/install-paths.js';
import type { Row } from '../../model/resource.js';
import { retained } from '../../model/retention.js';
import { SCHEDULED } from '../../model/snapshot-tags.js';
import type { VolumeSpec } from '../../model/specs.js';
import type { DueAction } from '../due-work/due-action.js';
import { copyVolume, freeTag } from './take.js';

/** Takes the snapshot that a volume's schedule asks for, and removes those it does not keep. */
export const snapshotDue: DueAction = async ({ context, store, row, now, options }) => {
  const volume = row as Row<VolumeSpec>;
  const { path, snapshots } = volume.spec;
  if (!snapshots) return undefined;
  const time = new Date(now);
  const tag = freeTag(path, time, SCHEDULED);
  const { bytes, paused } = await copyVolume(context, store, volume, tag, time);
  if (!options.quiet && !options.json) {
    const text = `volume.${row.name}: snapshot ${tag}: ${formatBytes(bytes)}, ${formatDuration(paused)}\n`;
    context.frontend.report(text);
  }
  const dir = snapshotsDir(path);
  const scheduled = listSnapshots(dir).filter((each) => each.tag.startsWith(SCHEDULED));
  const times = scheduled.map(({ taken }) => taken);
  const kept = retained(times, snapshots.keep, snapshots.schedule.timezone);
  const { volumes } = await context.host();
  for (const { tag: old, taken } of scheduled) {
    if (!kept.has(taken)) await volumes.removeSnapshot(join(dir, old));
  }
  return undefined;
};
