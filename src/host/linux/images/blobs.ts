import { createReadStream, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { UserError } from '../../../model/errors.js';
import { resolveInRootfs } from '../rootfs/resolve.js';
import { startChild } from './child.js';
import { MAX_TEXT, shownName } from './foreign-json.js';
import { MEMORY_LIMIT } from './regular.js';
import { LIST_OPTIONS, type Member, membersOf } from './tar-listing.js';

/** The named parts of an image, in a folder or in a tar file. */
export interface Blobs {
  /** Size in bytes; undefined if there is no such part. */
  size(name: string): number | undefined;
  open(name: string): AsyncIterable<Buffer>;
}

/**
 * Restricted to the folder: links that lead out of it do not resolve. The folder may be reachable
 * only through `/proc/PID/root`, where realpath(3) does not work.
 */
export function blobsInFolder(folder: string): Blobs {
  const pathOf = (name: string) => join(folder, resolveInRootfs(folder, plainName(name)));
  return {
    size: (name) => {
      const stats = statSync(pathOf(name), { throwIfNoEntry: false });
      return stats?.isFile() ? stats.size : undefined;
    },
    open: (name) => createReadStream(pathOf(name), { highWaterMark: CHUNK }),
  };
}

/** Unpacks nothing: members are read in place. */
export async function blobsInArchive(path: string, purpose: string): Promise<Blobs> {
  const members = await list(path, purpose);
  const find = (name: string, links = 0): Member | undefined => {
    const member = members.get(plainName(name));
    if (!member || links > MAX_LINKS) return undefined;
    // Docker links the second of two equal layers to the first; tar stores two names of one file as
    // a hard link.
    if (member.type === 'l') return find(posix.join(name, '..', member.link ?? ''), links + 1);
    return member.type === 'h' ? find(member.link ?? '', links + 1) : member;
  };
  return {
    size: (name) => find(name)?.size,
    open: (name) => read(path, find(name), `${purpose}: ${shownName(name)}`),
  };
}

/** Bytes per read. */
const CHUNK = 2 ** 20;

/** Maximum length of a chain of links. */
const MAX_LINKS = 8;

/** Without leading `./` or `/`. A name that leads out of the archive matches nothing. */
function plainName(name: string): string {
  return posix.normalize(`/${name}`).slice(1);
}

async function* read(path: string, member: Member | undefined, purpose: string) {
  if (member?.block === undefined) throw new Error(`cannot ${purpose}: it is not there`);
  if (member.size === 0) return;
  const start = await contentOf(path, member.block, purpose);
  const end = start + member.size - 1;
  yield* createReadStream(path, { start, end, highWaterMark: CHUNK }) as AsyncIterable<Buffer>;
}

/** Members by plain name; of duplicate names the first, as tar reads them. */
async function list(path: string, purpose: string): Promise<Map<string, Member>> {
  const members = new Map<string, Member>();
  const args = [...LIST_OPTIONS, '--block-number', '--force-local', `--file=${path}`];
  const tar = startChild('tar', args, { purpose, enter: MEMORY_LIMIT });
  for await (const member of membersOf(tar.stdout)) {
    const name = nameIn(member);
    if (name.length > MAX_NAME) continue;
    if (!members.has(name)) members.set(name, member);
    if (members.size > MAX_MEMBERS) {
      throw new UserError(
        `cannot ${purpose}: it is not an image, it holds more than ${MAX_MEMBERS} files`,
        'An archive of files alone is imported by `from: {tar: …}` or --from-tar.',
      );
    }
  }
  await tar.ended;
  return members;
}

/** Names that lead out of the archive are not part of an image. */
function nameIn({ name }: Member): string {
  return name.split('/').includes('..') ? `../${name}` : plainName(name);
}

/** An image has a few members per layer. */
const MAX_MEMBERS = 10_000;

/** Bytes; names of an image's parts consist of digests. */
const MAX_NAME = 1000;

/** @throws UserError if the part does not exist, or is implausibly large */
export async function textOf(blobs: Blobs, name: string, what: string): Promise<string> {
  const size = blobs.size(name);
  const shown = shownName(name);
  if (size === undefined) throw new UserError(`cannot use ${what}: it has no ${shown}`);
  const refuse = (bytes: number) => {
    return new UserError(
      `cannot use ${what}: its ${shown} has ${bytes} bytes, at most 4 MiB are read`,
    );
  };
  if (size > MAX_TEXT) throw refuse(size);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of blobs.open(name)) {
    chunks.push(chunk);
    bytes += chunk.length;
    // it has grown since it was measured
    if (bytes > MAX_TEXT) throw refuse(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const BLOCK = 512;

/**
 * Offset of a tar member's content in bytes. Its header may be preceded by headers for a long name,
 * which GNU tar counts as part of the member (GNU tar's manual, tar.h, "GNU_LONGNAME").
 *
 * @param block index of the 512-byte block in which its headers start
 */
export async function contentOf(path: string, block: number, purpose: string): Promise<number> {
  const file = await open(path, 'r');
  try {
    for (let at = block; ; ) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(BLOCK), 0, BLOCK, at * BLOCK);
      if (bytesRead < BLOCK) throw new Error(`cannot ${purpose}: the archive ends too early`);
      if (!'KL'.includes(buffer.toString('latin1', TYPE, TYPE + 1))) return (at + 1) * BLOCK;
      const [size] = /[0-7]+/.exec(buffer.toString('latin1', SIZE, SIZE + 12)) ?? [];
      if (size === undefined) throw new Error(`cannot ${purpose}: a name in it has no length`);
      at += 1 + Math.ceil(Number.parseInt(size, 8) / BLOCK);
    }
  } finally {
    await file.close();
  }
}

/** Offsets in the POSIX ustar header: of the size (octal) and of the type. */
const SIZE = 124;
const TYPE = 156;
