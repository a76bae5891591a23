import {
  constants,
  createReadStream,
  createWriteStream,
  mkdirSync,
  openSync,
  renameSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../../../model/errors.js';
import { asBytes, type BytePath, raw, shown } from '../files/byte-path.js';
import { type Destination, destinationOf } from '../files/destination.js';
import { type OpenFolder, openFolder, within } from '../files/open-folder.js';
import { withStaging } from '../files/staging.js';
import { isTerminal, openStream } from '../files/write-output.js';
import { mergeInto } from './merge.js';
import { resolveInTree, statOf } from './resolve.js';
import { streamTree } from './stream-tree.js';

/**
 * Copies a file or folder out of a tree that nobody writes to meanwhile. What others made gets no
 * power here, not for a moment: see `streamTree`. It is made in a folder that only root can enter,
 * and then moved into place. What is on the host already is replaced by files of the same name,
 * and otherwise left alone: see `mergeInto`.
 *
 * @param path in the tree; links are followed as in the container
 * @param to a folder, into which it goes; or the name that it gets; a device or a FIFO takes the
 *   content of a file
 * @param notes see `withStaging`
 */
export async function copyOut(
  tree: BytePath,
  path: BytePath,
  to: BytePath,
  notes?: string,
): Promise<void> {
  const source = asBytes(join(tree, resolveInTree(tree, path).path));
  const found = statOf(source);
  if (!found) throw new UserError(`cannot copy ${shown(path)}: no such file or folder`);
  if (!found.isDirectory() && !found.isFile() && !found.isFIFO()) {
    throw new UserError(`cannot copy ${shown(path)}: it is a device or a socket`);
  }
  const target = destinationOf(to);
  if (target.type === 'output' || target.type === 'stream') {
    if (!found.isFile()) {
      throw new UserError(
        `cannot copy ${shown(path)} to ${shown(to)}: only a file can be written there`,
      );
    }
    return writeContent(source, target, `cannot copy ${shown(path)} to ${shown(to)}`);
  }
  const { folder } = target;
  try {
    const name = target.type === 'folder' ? asBytes(basename(path)) : target.name;
    const at = target.type === 'folder' ? to : asBytes(dirname(to));
    await withStaging(folder, notes, async (staging) => {
      const purpose = `copy ${shown(path)} to ${shown(to)}`;
      if (found.isDirectory()) await stageFolder(source, staging, name, purpose);
      else await stageFile(source, staging, name, purpose);
      await moved(staging, name, { folder, at, notes });
    });
  } finally {
    folder.close();
  }
}

async function stageFolder(source: BytePath, staging: OpenFolder, name: BytePath, purpose: string) {
  const place = asBytes(name || 'root');
  mkdirSync(within(staging, place), { mode: 0o700 });
  await between(source, asBytes(`${staging.path}/${place}`), (from, to) =>
    streamTree(from, 'folder', to, purpose),
  );
}

async function stageFile(source: BytePath, staging: OpenFolder, name: BytePath, purpose: string) {
  const own = asBytes(basename(source));
  await between(asBytes(dirname(source)), staging.path, (from, to) =>
    streamTree(from, { file: own }, to, purpose),
  );
  if (own !== name) renameSync(within(staging, own), within(staging, name));
}

/** Of the whole root no name is given: its content goes into the folder. */
async function moved(
  staging: OpenFolder,
  name: BytePath,
  target: Parameters<typeof mergeInto>[1],
): Promise<void> {
  if (name !== '') return mergeInto(staging, target);
  const root = openFolder(asBytes(`${staging.path}/root`));
  try {
    await mergeInto(root, target);
  } finally {
    root.close();
  }
}

async function between(
  source: BytePath,
  to: BytePath,
  act: (source: OpenFolder, to: OpenFolder) => Promise<void>,
): Promise<void> {
  const [from, into] = [openFolder(source), openFolder(to, { follow: true })];
  try {
    await act(from, into);
  } finally {
    from.close();
    into.close();
  }
}

async function writeContent(
  source: BytePath,
  target: Destination & { type: 'output' | 'stream' },
  cannot: string,
): Promise<void> {
  const descriptor = target.type === 'output' ? target.descriptor : openStream(target.path);
  if (isTerminal(descriptor)) {
    throw new UserError(
      `${cannot}: a container’s file may hold what acts on a terminal`,
      'Write it to a file or a pipe.',
    );
  }
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const input = openSync(raw(source), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  await pipeline(
    createReadStream('', { fd: input }),
    createWriteStream('', { fd: descriptor, autoClose: target.type === 'stream' }),
  );
}
