import { byteArgument, bytePath } from '../host/linux/files/open-folder.js';
import { UserError } from '../model/errors.js';
import { stagingNotesDir } from '../model/install-paths.js';
import { insideOf, withFrozen } from './container/disk.js';
import type { Context } from './context.js';
import { jsonLine } from './frontend.js';
import { withStoreOrWait } from './imperative/change.js';
import type { ChangeOptions } from './options.js';
import { usersOf } from './volume-users.js';
import { namedRow } from './volumes.js';

/**
 * Copies files into a volume or out of it, while the containers that mount it are frozen. Links in the
 * volume lead nowhere outside of it.
 *
 * @param from a path of the host, or `VOLUME:PATH`
 * @param to the other one
 */
export async function copyVolumeFiles(
  context: Context,
  from: string,
  to: string,
  options: ChangeOptions & { stack?: string },
): Promise<number> {
  const [source, target] = [insideOf(byteArgument(from)), insideOf(byteArgument(to))];
  const inside = source ?? target;
  if (!inside || (source && target)) {
    throw new UserError(
      `cannot copy ${from} to ${to}: one of the two must be VOLUME:PATH`,
      'A path of the host with a colon in it begins with / or ./',
    );
  }
  let copyOutside: (() => Promise<void>) | undefined;
  const purpose = `copy ${from} to ${to}`;
  const code = await withStoreOrWait(context, options, async ({ rows }) => {
    const { path: folder } = namedRow(rows, inside.name, options.stack, purpose).spec;
    const { readyVolume } = await import('../host/linux/volumes/ready.js');
    await readyVolume(folder);
    if (!(await context.probe()).file(folder)?.directory) {
      throw new UserError(`cannot ${purpose}: folder ${folder} is gone`, 'baleine apply makes it.');
    }
    const tree = bytePath(folder);
    let work = source
      ? async () => {
          const { copyOut } = await import('../host/linux/rootfs/copy-out.js');
          copyOutside = await copyOut(context.paths, tree, source.path, byteArgument(to));
        }
      : async () => {
          const { copyInto } = await import('../host/linux/rootfs/copy-in.js');
          const how = { owner: '0:0', notes: stagingNotesDir(context.paths) };
          await copyInto(byteArgument(from), tree, inside.path, how);
        };
    for (const row of usersOf(rows, folder)) {
      const next = work;
      work = () => withFrozen(context, row, 'volume cp', next);
    }
    await context.undoable(work);
    return 0;
  });
  await copyOutside?.();
  if (options.json) {
    const done = { action: 'cp', volume: inside.name, from, to };
    context.frontend.report(jsonLine(done));
  }
  return code;
}
