import { createReadStream, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { UserError } from '../../../model/errors.js';
import { resolveInside } from '../runtime/resolve-in-rootfs.js';
import { startChild } from './child.js';
import { MOST_TEXT, shownName } from './foreign-json.js';
import { LITTLE_MEMORY } from './regular.js';
import { LISTED, type Member, membersOf } from './tar-listing.js';

/** The named parts of an image, in a folder or in a tar file. */
export interface Blobs {
  /** Bytes; undefined for what is not there. */
  size(name: string): number | undefined;
  open(name: string): AsyncIterable<Buffer>;
}

/**
 * Only what is in the folder: a link that leads out leads nowhere. The folder may be one that only
 * `/proc/PID/root` leads to, which realpath(3) knows nothing of.
 */
export function blobsInFolder(folder: string): Blobs {
  const pathOf = (name: string) => join(folder, resolveInside(folder, plainName(name)));
  return {
    size: (name) => {
      const stats = statSync(pathOf(name), { throwIfNoEntry: false });
      return stats?.isFile() ? stats.size : undefined;
    },
    open: (name) => createReadStream(pathOf(name), { highWaterMark: CHUNK }),
  };
}

/** Nothing is unpacked: a member is read where it lies. */
export async function blobsInArchive(path: string, purpose: string): Promise<Blobs> {
  const members = await list(path, purpose);
  const find = (name: string, links = 0): Member | undefined => {
    const member = members.get(plainName(name));
    if (!member || links > MOST_LINKS) return undefined;
    // Docker has a link to the first of two equal layers; tar makes a hard link of two names of a file.
    if (member.type === 'l') return find(posix.join(name, '..', member.link ?? ''), links + 1);
    return member.type === 'h' ? find(member.link ?? '', links + 1) : member;
  };
  return {
    size: (name) => find(name)?.size,
    open: (name) => read(path, find(name), `${purpose}: ${shownName(name)}`),
  };
}

/** Bytes read at a time. */
const CHUNK = 2 ** 20;

/** From one link to the next. */
const MOST_LINKS = 8;

/** Without `./` or `/` in front; what leads out is a name that nothing has. */
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

/** By their plain names; of two of one name the first, as tar reads it. */
async function list(path: string, purpose: string): Promise<Map<string, Member>> {
  const members = new Map<string, Member>();
  const args = [...LISTED, '--block-number', '--force-local', `--file=${path}`];
  const tar = startChild('tar', args, { purpose, enter: LITTLE_MEMORY });
  for await (const member of membersOf(tar.stdout)) {
    const name = nameIn(member);
    if (name.length > LONGEST_NAME) continue;
    if (!members.has(name)) members.set(name, member);
    if (members.size > MOST_MEMBERS) {
      throw new UserError(
        `cannot ${purpose}: it is not an image, it holds more than ${MOST_MEMBERS} files`,
        'An archive of files alone is imported by `from: {tar: …}` or --from-tar.',
      );
    }
  }
  await tar.ended;
  return members;
}

/** A name that leads out of the archive is none of an image's. */
function nameIn({ name }: Member): string {
  return name.split('/').includes('..') ? `../${name}` : plainName(name);
}

/** An image has a few of them for each layer. */
const MOST_MEMBERS = 10_000;

/** Bytes; the names of an image's parts are made of digests. */
const LONGEST_NAME = 1000;

/** @throws UserError when it is not there, or is none that anybody would read */
export async function textOf(blobs: Blobs, name: string, what: string): Promise<string> {
  const size = blobs.size(name);
  const shown = shownName(name);
  if (size === undefined) throw new UserError(`cannot use ${what}: it has no ${shown}`);
  const refuse = (bytes: number) => {
    return new UserError(
      `cannot use ${what}: its ${shown} has ${bytes} bytes, at most 4 MiB are read`,
    );
  };
  if (size > MOST_TEXT) throw refuse(size);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of blobs.open(name)) {
    chunks.push(chunk);
    bytes += chunk.length;
    // it has grown since
    if (bytes > MOST_TEXT) throw refuse(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const BLOCK = 512;

/**
 * Where the content of a tar file's member begins, in bytes. Before its header there may be others
 * for a long name, which GNU tar counts as its own (tar.h in GNU tar's manual, "GNU_LONGNAME").
 *
 * @param block of 512 bytes in which its headers begin
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

/** Offsets in POSIX' ustar header: of the size, in octal, and of the type. */
const SIZE = 124;
const TYPE = 156;
