import { pipeline } from 'node:stream/promises';
import type { OpenFolder } from '../files/open-folder.js';
import { asBytes, type BytePath, raw } from '../files/open-folder.js';
import { startChild, together, unlessBroken } from '../images/child.js';

/**
 * Everything except sockets and devices, which are meaningless elsewhere or would give access to
 * the host's.
 */
const FILE_TYPES = ['-type', 'f', '-o', '-type', 'd', '-o', '-type', 'l', '-o', '-type', 'p'];

/**
 * GNU tar(1) options that strip privileges from a stranger's files: set-user-ID and set-group-ID
 * bits never enter the stream; file capabilities, ACLs (which refer to the ids of another system)
 * and security labels are not read. Owners, modes, times, hard links, holes and `user.*` attributes
 * are.
 */
const UNPRIVILEGED = ['--mode=ug-s', '--xattrs', '--xattrs-include=user.*'];

/**
 * Options that keep them, for a folder that only containers enter, mounted nosuid and nodev: what
 * is meaningful in an image is in it, too.
 */
const PRIVILEGED = [
  ...['--acls', '--xattrs', '--xattrs-include=user.*', '--xattrs-include=security.capability'],
];

/** Names, which need not be UTF-8, are passed through a pipe, never as arguments. */
const PACK = [
  ...['--create', '--null', '--no-recursion', '--files-from=-', '--file=-'],
  ...['--numeric-owner', '--format=posix', '--sparse'],
];

const UNPACK = [
  ...['--extract', '--file=-', '--numeric-owner', '--same-owner', '--preserve-permissions'],
];

/** A folder including itself, only its content, or one file in it. */
export type Selection = 'folder' | 'content' | { file: BytePath };

/**
 * Copies a folder or a file through a stream that contains no privileges, unless they are asked
 * for. Follows no links and enters no other file systems.
 */
export async function streamTree(
  source: OpenFolder,
  selection: Selection,
  to: OpenFolder,
  purpose: string,
  { privileged = false } = {},
): Promise<void> {
  const within = { purpose, enter: inFolder(source) };
  const [reads, writes] = privileged
    ? [PRIVILEGED, PRIVILEGED]
    : [UNPRIVILEGED, ['--xattrs', '--xattrs-include=user.*']];
  const packed = startChild('tar', [...PACK, ...reads], within);
  const unpacked = startChild('tar', [...UNPACK, ...writes], { purpose, enter: inFolder(to) });
  unpacked.stdout.resume();
  // tar may end before it has read the padding after the end of an archive
  const stream = pipeline(packed.stdout, unpacked.stdin).catch(unlessBroken);
  if (typeof selection === 'object') {
    packed.stdin.end(raw(asBytes(`./${selection.file}\0`)));
    return together(stream, packed.ended, unpacked.ended);
  }
  const least = selection === 'content' ? ['-mindepth', '1'] : [];
  const found = startChild(
    'find',
    ['.', '-xdev', ...least, '(', ...FILE_TYPES, ')', '-print0'],
    within,
  );
  const names = pipeline(found.stdout, packed.stdin);
  await together(names, stream, found.ended, packed.ended, unpacked.ended);
}

const inFolder = ({ path }: OpenFolder) => ['env', `--chdir=${path}`];
