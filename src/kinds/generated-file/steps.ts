import { join } from 'node:path';
import type { Difference } from '../../model/plan.js';
import type { Resource, Row } from '../../model/resource.js';
import type { ConfigSpec, PlacedFile, ProxySpec } from '../../model/specs.js';
import type { StepOf } from '../../model/step.js';

type ConfigStep = StepOf<ConfigVerbs>;

/**
 * Maximum wait, in milliseconds, for a proxy's first check of a healthy server: it checks at least
 * once a second.
 */
const FIRST_CHECK = 10_000;

/** The reader is notified on creation too: it may already be running if the file was lost. */
export function create({ spec }: Resource<ConfigSpec>, reason: string): ConfigStep[] {
  const { dir, file, text, reader, rotation, files } = spec;
  const content = { dir, file, text, ...(files && { files }) };
  if (!reader) return [{ verb: 'config.write', args: content, reason }];
  const { id, check, signal, master } = reader;
  const checker = { id, ...(check && { check }) };
  const proxy = rotation && { proxy: rotation.proxy };
  const handover = rotation?.handover !== undefined && { handover: rotation.handover };
  return [
    { verb: 'config.write', args: { ...content, reader: checker }, reason },
    {
      verb: 'config.reload',
      args: { reader: { id, signal, ...(master && { master }) }, ...proxy, ...handover },
      reason,
    },
  ];
}

export function update(
  desired: Resource<ConfigSpec>,
  row: Row<ConfigSpec>,
  _observed: unknown,
  differences: Difference[],
): ConfigStep[] {
  // An interrupted run may have written the text without notifying the reader.
  const reasons = differences.map(({ reason }) => reason);
  const [after, before] = [desired.spec, row.spec];
  return [
    ...drain(after, without(before, after)),
    ...create(desired, reasons.join(', ') || 'unfinished'),
    ...awaitUp(after, without(after, before)),
    ...discard(after, before),
  ];
}

/** The servers that only the first one has. */
function without({ rotation: one }: ConfigSpec, { rotation: other }: ConfigSpec): string[] {
  return one?.servers.filter((each) => !other?.servers.includes(each)) ?? [];
}

/** A replaced worker completes its requests but sends no new ones to drained servers. */
function drain({ rotation }: ConfigSpec, servers: string[]): ConfigStep[] {
  if (!rotation || servers.length === 0) return [];
  const { proxy, drain: limit } = rotation;
  const reason = `${servers.join(', ')}: waits for open requests`;
  return [{ verb: 'config.drain', args: { proxy, servers, limit }, reason }];
}

function awaitUp({ rotation }: ConfigSpec, servers: string[]): ConfigStep[] {
  if (!rotation || servers.length === 0) return [];
  const reason = `${servers.join(', ')}: waits until the proxy finds them healthy`;
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
  /** A running reader first checks the text, as `<file>.next`. */
  'config.write': {
    dir: string;
    file: string;
    text: string;
    files?: PlacedFile[];
    reader?: Pick<Reader, 'id' | 'check'>;
  };
  /**
   * Notifies the reader, if it runs. For a master, waits for its new worker; for a proxy, waits for the reload, and up to `handover`
   * milliseconds for the previous worker.
   */
  'config.reload': {
    reader: Pick<Reader, 'id' | 'signal' | 'master'>;
    proxy?: ProxySpec;
    handover?: number;
  };
  /**
   * Stops new requests to the removed servers and waits for the open ones; `limit` in milliseconds.
   */
  'config.drain': { proxy: ProxySpec; servers: string[]; limit: number };
  /** Waits until the proxy finds the new servers healthy; `limit` in milliseconds. */
  'config.await': { proxy: ProxySpec; servers: string[]; limit: number };
  /** Removes files that the text no longer refers to; paths. */
  'config.discard': { paths: string[] };
  'config.remove': { dir: string };
}
