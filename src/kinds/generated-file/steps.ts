import { join } from 'node:path';
import type { Difference } from '../../model/plan.js';
import type { Resource, Row } from '../../model/resource.js';
import type { ConfigSpec, PlacedFile, ProxySpec } from '../../model/specs.js';
import type { StepOf } from '../../model/step.js';

type ConfigStep = StepOf<ConfigVerbs>;

/** Milliseconds for a proxy's first check of a server that answers: it asks once a second at least. */
const FIRST_CHECK = 10_000;

/** The reader is told also at first: it may run already, when the file was lost. */
export function create({ spec }: Resource<ConfigSpec>, reason: string): ConfigStep[] {
  const { dir, file, text, reader, rotation, files } = spec;
  const content = { dir, file, text, ...(files && { files }) };
  if (!reader) return [{ verb: 'config.write', args: content, reason }];
  const { id, check, signal } = reader;
  const proxy = rotation && { proxy: rotation.proxy };
  const handover = rotation?.handover !== undefined && { handover: rotation.handover };
  return [
    { verb: 'config.write', args: { ...content, reader: { id, check } }, reason },
    { verb: 'config.reload', args: { reader: { id, signal }, ...proxy, ...handover }, reason },
  ];
}

export function update(
  desired: Resource<ConfigSpec>,
  row: Row<ConfigSpec>,
  _seen: unknown,
  differences: Difference[],
): ConfigStep[] {
  // An interrupted run may have written the text and not told the reader.
  const reasons = differences.map(({ reason }) => reason);
  const [after, before] = [desired.spec, row.spec];
  return [
    ...drain(after, without(before, after)),
    ...create(desired, reasons.join(', ') || 'unfinished'),
    ...awaitUp(after, without(after, before)),
    ...discard(after, before),
  ];
}

/** The servers of one that the other does not have. */
function without({ rotation: one }: ConfigSpec, { rotation: other }: ConfigSpec): string[] {
  return one?.servers.filter((each) => !other?.servers.includes(each)) ?? [];
}

/** A worker that is replaced ends what it has begun, but asks no more of servers that are drained. */
function drain({ rotation }: ConfigSpec, servers: string[]): ConfigStep[] {
  if (!rotation || servers.length === 0) return [];
  const { proxy, drain: limit } = rotation;
  const reason = `${servers.join(', ')}: requests under way end first`;
  return [{ verb: 'config.drain', args: { proxy, servers, limit }, reason }];
}

function awaitUp({ rotation }: ConfigSpec, servers: string[]): ConfigStep[] {
  if (!rotation || servers.length === 0) return [];
  const reason = `${servers.join(', ')}: the proxy finds them well`;
  const args = { proxy: rotation.proxy, servers, limit: FIRST_CHECK };
  return [{ verb: 'config.await', args, reason }];
}

function discard({ files: after = [] }: ConfigSpec, { dir, files = [] }: ConfigSpec): ConfigStep[] {
  const old = files.filter(({ name }) => !after.some((each) => each.name === name));
  if (old.length === 0) return [];
  const paths = old.map(({ name }) => join(dir, name));
  return [{ verb: 'config.discard', args: { paths }, reason: 'no longer used' }];
}

export function remove({ spec }: Row<ConfigSpec>, reason: string): ConfigStep[] {
  return [{ verb: 'config.remove', args: { dir: spec.dir }, reason }];
}

type Reader = NonNullable<ConfigSpec['reader']>;

export interface ConfigVerbs {
  /** A reader that runs checks the text, as `<file>.next`, before it replaces the old one. */
  'config.write': {
    dir: string;
    file: string;
    text: string;
    files?: PlacedFile[];
    reader?: Pick<Reader, 'id' | 'check'>;
  };
  /**
   * Tells the reader, if it runs. A proxy is waited for, and its worker before for `handover`
   * milliseconds.
   */
  'config.reload': {
    reader: Pick<Reader, 'id' | 'signal'>;
    proxy?: ProxySpec;
    handover?: number;
  };
  /** Keeps new requests from the servers that go, and lets those under way end; `limit` in milliseconds. */
  'config.drain': { proxy: ProxySpec; servers: string[]; limit: number };
  /** Until the proxy finds the servers that come well; `limit` in milliseconds. */
  'config.await': { proxy: ProxySpec; servers: string[]; limit: number };
  /** Takes away files that the text names no more; paths. */
  'config.discard': { paths: string[] };
  'config.remove': { dir: string };
}
