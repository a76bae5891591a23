import { pipeline } from 'node:stream/promises';
import type { OpenFolder } from '../files/open-folder.js';
import { asBytes, type BytePath, raw } from '../files/open-folder.js';
import { startChild, together } from '../images/child.js';

/** All but sockets and devices, which mean nothing elsewhere or would be a way to the host's. */
const TAKEN = ['-type', 'f', '-o', '-type', 'd', '-o', '-type', 'l', '-o', '-type', 'p'];

/**
 * What of GNU tar(1) gives what a stranger made no power: set-user-ID and set-group-ID bits never
 * reach the stream; file capabilities, ACLs, which name the ids of another system, and security
 * labels are not read. Owners, modes, times, hard links, holes and `user.*` attributes are.
 */
const POWERLESS = ['--mode=ug-s', '--xattrs', '--xattrs-include=user.*'];

/** Names, which need not be UTF-8, pass by a stream, never by arguments. */
const PACK = [
  ...['--create', '--null', '--no-recursion', '--files-from=-', '--file=-'],
  ...['--numeric-owner', '--format=posix', '--sparse', ...POWERLESS],
];

const UNPACK = [
  ...['--extract', '--file=-', '--numeric-owner', '--same-owner', '--preserve-permissions'],
  ...['--xattrs', '--xattrs-include=user.*'],
];

/** A folder with all that is in it, what is in it alone, or a file of it. */
export type Selection = 'folder' | 'content' | { file: BytePath };

/**
 * Copies a folder or a file to another place, by a stream that holds no power from its beginning.
 * No link is followed, and no other file system is entered.
 */
export async function streamTree(
  source: OpenFolder,
  selection: Selection,
  to: OpenFolder,
  purpose: string,
): Promise<void> {
  const within = { purpose, enter: inFolder(source) };
  const packed = startChild('tar', PACK, within);
  const unpacked = startChild('tar', UNPACK, { purpose, enter: inFolder(to) });
  unpacked.stdout.resume();
  const stream = pipeline(packed.stdout, unpacked.stdin);
  if (typeof selection === 'object') {
    packed.stdin.end(raw(asBytes(`./${selection.file}\0`)));
    return together(stream, packed.ended, unpacked.ended);
  }
  const least = selection === 'content' ? ['-mindepth', '1'] : [];
  const found = startChild('find', ['.', '-xdev', ...least, '(', ...TAKEN, ')', '-print0'], within);
  const names = pipeline(found.stdout, packed.stdin);
  await together(names, stream, found.ended, packed.ended, unpacked.ended);
}

const inFolder = ({ path }: OpenFolder) => ['env', `--chdir=${path}`];
