import { createReadStream, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { UserError } from '../../../model/errors.js';
import { startChild } from './child.js';
import { contentOf } from './header.js';
import { LISTED, type Member, membersOf } from './members.js';

/** The named parts of an image, in a folder or in a tar file. */
export interface Blobs {
  /** Bytes; undefined for what is not there. */
  size(name: string): number | undefined;
  open(name: string): AsyncIterable<Buffer>;
}

export function blobsInFolder(folder: string): Blobs {
  const found = (name: string) => statSync(join(folder, name), { throwIfNoEntry: false });
  return {
    size: (name) => (found(name)?.isFile() ? found(name)?.size : undefined),
    open: (name) => createReadStream(join(folder, name), { highWaterMark: CHUNK }),
  };
}

/** Nothing is unpacked: a member is read where it lies. */
export async function blobsInArchive(path: string, purpose: string): Promise<Blobs> {
  const members = await list(path, purpose);
  const find = (name: string) => {
    const member = members.get(name);
    // Docker has a link to the first of two equal layers.
    return member?.type === 'l' ? members.get(posix.join(name, '..', member.link ?? '')) : member;
  };
  return {
    size: (name) => find(name)?.size,
    open: (name) => read(path, find(name), `${purpose}: ${name}`),
  };
}

/** Bytes read at a time. */
const CHUNK = 2 ** 20;

async function* read(path: string, member: Member | undefined, purpose: string) {
  if (member?.block === undefined) throw new Error(`cannot ${purpose}: it is not there`);
  if (member.size === 0) return;
  const start = await contentOf(path, member.block, purpose);
  const end = start + member.size - 1;
  yield* createReadStream(path, { start, end, highWaterMark: CHUNK }) as AsyncIterable<Buffer>;
}

/** By their names without a `./` in front; of two of one name the first, as tar reads it. */
async function list(path: string, purpose: string): Promise<Map<string, Member>> {
  const members = new Map<string, Member>();
  const args = [...LISTED, '--block-number', '--force-local', `--file=${path}`];
  const tar = startChild('tar', args, { purpose });
  for await (const member of membersOf(tar.stdout)) {
    const name = posix.normalize(member.name);
    if (!members.has(name)) members.set(name, member);
    if (members.size > MOST_MEMBERS) throw new UserError(`cannot ${purpose}: it is no image`);
  }
  await tar.ended;
  return members;
}

/** An image has a few of them for each layer. */
const MOST_MEMBERS = 10_000;

/** Manifests and configs are small. */
const MOST_TEXT = 8 * 1024 ** 2;

/** @throws UserError when it is not there, or is none that anybody would read */
export async function textOf(blobs: Blobs, name: string, what: string): Promise<string> {
  const size = blobs.size(name);
  if (size === undefined) throw new UserError(`cannot use ${what}: it has no ${name}`);
  if (size > MOST_TEXT) throw new UserError(`cannot use ${what}: its ${name} has ${size} bytes`);
  const chunks: Buffer[] = [];
  for await (const chunk of blobs.open(name)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
