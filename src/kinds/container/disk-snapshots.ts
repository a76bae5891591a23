import type { Host } from '../../host/ports.js';
import { messageOf } from '../../model/errors.js';
import { BEFORE_CHANGE, olderChanges, unusedTag } from '../../model/snapshot-tags.js';
import { DoneWithNote, DoneWithWarning, type StepResult } from '../../model/step.js';

/** Makes the disk of a container that is replaced a snapshot, and removes the older ones of its kind. */
export async function keepDisk(
  { diskSnapshots }: Pick<Host, 'diskSnapshots'>,
  { id, keep }: { id: string; keep: number },
): Promise<StepResult> {
  const tags = () => diskSnapshots.list(id).map(({ tag }) => tag);
  const taken = tags();
  const tag = unusedTag((each) => taken.includes(each), new Date(), BEFORE_CHANGE);
  if (!(await diskSnapshots.keep(id, tag))) return undefined;
  try {
    for (const old of olderChanges(tags(), keep)) await diskSnapshots.remove(id, old);
  } catch (error) {
    return new DoneWithWarning(messageOf(error));
  }
  return new DoneWithNote(`disk is snapshot ${tag}`);
}
