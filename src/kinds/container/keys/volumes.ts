import { resolve } from 'node:path';
import type { Path } from '../../../config/document.js';
import { type ParseContext, sizeOf } from '../../../config/values.js';
import { NAME } from '../../../model/address.js';
import type { MountEntry, MountSpec } from '../../../model/container-values.js';
import { resolvedKey, spec } from './key.js';

/** A conforming entry: the short form, or the long one. */
export type RawMount = string | LongMount;

interface LongMount {
  type?: 'volume' | 'bind' | 'tmpfs';
  source?: string;
  target: string;
  read_only?: boolean;
  create?: boolean;
  bind?: { create_host_path?: boolean };
  volume?: { nocopy?: boolean; subpath?: string };
  tmpfs?: { size?: string | number; mode?: string | number };
}

export const volumes = resolvedKey({
  schema: {
    description: 'Volumes and host paths to mount.',
    type: 'array',
    items: { $ref: '#/definitions/mount' },
    default: [],
  },
  read: (raw: RawMount[] | undefined, path, reading) => mountsOf(raw ?? [], path, reading),
  as: 'mounts',
  spec: spec<MountSpec[]>(),
  change: 'replace',
  release: true,
  flag: {
    flags: '-v, --volume <source:target[:options]>',
    help: 'a volume or a path; options: ro, nocopy; repeatable',
    repeatable: true,
  },
});

/** Without those of type tmpfs, which `tmpfsOf` reads. */
function mountsOf(raw: RawMount[], path: Path, reading: ParseContext): MountEntry[] {
  const entries: MountEntry[] = [];
  raw.forEach((each, index) => {
    const long = typeof each === 'string' ? partsOf(each) : each;
    if (long.type === 'tmpfs') return;
    const mount = mountOf(long, [...path, index], reading);
    entries.push(index === entries.length ? mount : { ...mount, at: index });
  });
  return entries;
}

/** The entries of type tmpfs, as the key `tmpfs` has them. */
export function tmpfsOf(raw: RawMount[], path: Path, reading: ParseContext): string[] {
  return raw.flatMap((each, index) => {
    if (typeof each === 'string' || each.type !== 'tmpfs') return [];
    const place = [...path, index];
    if (each.source !== undefined) {
      reading.problems.atValue([...place, 'source'], 'a tmpfs has no source');
    }
    const { size, mode } = each.tmpfs ?? {};
    const bytes = sizeOf(size, [...place, 'tmpfs', 'size'], reading);
    const options = [
      ...(bytes === undefined ? [] : [`size=${bytes}`]),
      ...(mode === undefined ? [] : [`mode=${octal(mode, [...place, 'tmpfs', 'mode'], reading)}`]),
      ...(each.read_only ? ['ro'] : []),
    ];
    return options.length > 0 ? `${each.target}:${options.join(',')}` : each.target;
  });
}

/** A bare number means its source text, which YAML 1.1 and 1.2 read as different numbers. */
function octal(mode: string | number, path: Path, { written }: ParseContext): string {
  return (typeof mode === 'string' ? mode : written(path)).replace(/^0o?(?=[0-7])/, '');
}

function mountOf(long: LongMount, path: Path, { problems, directoryOf }: ParseContext): MountEntry {
  const { source = '', target, read_only = false, volume = {} } = long;
  const isVolume = long.type === undefined ? NAME.test(source) : long.type === 'volume';
  const type = isVolume ? 'volume' : 'bind';
  const create = long.create ?? long.bind?.create_host_path ?? false;
  refuseOthers(long, type, path, problems);
  if (type === 'volume') {
    if (!NAME.test(source)) {
      problems.atValue(path, `${JSON.stringify(source)} is not the name of a volume`);
    }
    const { nocopy, subpath } = volume;
    return {
      ...{ type, source, target, read_only },
      ...(nocopy && { nocopy: true }),
      ...(subpath !== undefined && { subpath }),
    };
  }
  if (!/^[./]/.test(source) && long.type === undefined) {
    problems.atValue(
      path,
      `${JSON.stringify(source)} is neither a volume nor a path`,
      'a path on the host begins with "/" or "./"',
    );
  } else if (source === '') problems.atValue(path, 'a bind mount has a source, a path on the host');
  const at = { source: resolve(directoryOf(path), source), target, read_only };
  return { type: 'bind', ...at, ...(create && { create: true }) };
}

/** Options of another type would be ignored. */
function refuseOthers(
  long: LongMount,
  type: 'volume' | 'bind',
  path: Path,
  problems: ParseContext['problems'],
): void {
  const theirs =
    type === 'volume' ? (['bind', 'tmpfs', 'create'] as const) : (['volume', 'tmpfs'] as const);
  for (const key of theirs) {
    if (long[key] === undefined) continue;
    problems.atKey([...path, key], `${key} is not for a mount of type ${type}`);
  }
}

/** `SOURCE:TARGET[:OPTIONS]`. What other engines take of options has no effect here. */
function partsOf(text: string): LongMount {
  const [source = '', target = '', options = ''] = text.split(':');
  const words = options.split(',');
  const nocopy = words.includes('nocopy');
  const read_only = words.includes('ro');
  return { source, target, read_only, ...(nocopy && { volume: { nocopy } }) };
}
