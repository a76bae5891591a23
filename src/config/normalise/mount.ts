import { resolve } from 'node:path';
import { NAME } from '../../model/address.js';
import type { MountEntry } from '../../model/config.js';
import type { Path } from '../document.js';
import type { Mount } from '../file.gen.js';
import type { Reading } from './reading.js';

/** `SOURCE:TARGET[:ro]`, or its long form. A source with a slash or a dot first is on the host. */
export function mountOf(raw: Mount, path: Path, { problems, directory }: Reading): MountEntry {
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
