import { resolve } from 'node:path';
import type { Path } from '../../../config/document.js';
import type { ParseContext } from '../../../config/values.js';
import { NAME } from '../../../model/address.js';
import type { MountEntry, MountSpec } from '../../../model/container-values.js';
import { resolvedKey, spec } from './key.js';

type Raw = string | { source: string; target: string; read_only?: boolean };

export const volumes = resolvedKey({
  schema: {
    description: 'Volumes and host paths to mount.',
    type: 'array',
    items: { $ref: '#/definitions/mount' },
    default: [],
  },
  read: (raw: Raw[] | undefined, path, reading) =>
    (raw ?? []).map((each, i) => mountOf(each, [...path, i], reading)),
  as: 'mounts',
  spec: spec<MountSpec[]>(),
  change: 'replace',
  release: true,
  flag: {
    flags: '-v, --volume <source:target[:ro]>',
    help: 'a volume or a path; repeatable',
    repeatable: true,
  },
});

/** `SOURCE:TARGET[:ro]`, or its long form. A source with a slash or a dot first is on the host. */
function mountOf(raw: Raw, path: Path, { problems, directory }: ParseContext): MountEntry {
  const { source, target, read_only = false } = typeof raw === 'string' ? partsOf(raw) : raw;
  if (NAME.test(source)) return { type: 'volume', source, target, read_only };
  if (!/^[./]/.test(source)) {
    problems.atValue(
      path,
      `${JSON.stringify(source)} is neither a volume nor a path`,
      'a path on the host begins with "/" or "./"',
    );
  }
  return { type: 'bind', source: resolve(directory, source), target, read_only };
}

function partsOf(text: string): { source: string; target: string; read_only: boolean } {
  const [source = '', target = '', mode] = text.split(':');
  return { source, target, read_only: mode === 'ro' };
}
