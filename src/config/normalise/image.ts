import { resolve } from 'node:path';
import type { CopyEntry, ImageEntry, ImageFrom } from '../../model/config.js';
import type { Path } from '../document.js';
import type { Copy, From, Image } from '../file.gen.js';
import { defined, type Reading } from './reading.js';
import { argumentsOf, pairsOf, sizeOf } from './values.js';

export function imageOf(raw: Image, path: Path, reading: Reading): ImageEntry {
  if (raw.external) return { external: true };
  const config = defined({
    entrypoint: argumentsOf(raw.entrypoint, [...path, 'entrypoint'], reading),
    command: argumentsOf(raw.command, [...path, 'command'], reading),
    environment: pairsOf(raw.environment, [...path, 'environment'], reading),
    user: raw.user === undefined ? undefined : String(raw.user),
    working_dir: raw.working_dir,
  });
  return defined({
    size: sizeOf(raw.size, [...path, 'size'], reading),
    from: fromOf(raw.from ?? {}, reading),
    copy: (raw.copy ?? []).map((each) => copyOf(each, reading)),
    run: raw.run ?? [],
    config,
    protect: raw.protect ?? false,
  });
}

function fromOf({ debian, tar, directory, host, image }: From, reading: Reading): ImageFrom {
  if (debian) return { debian: { packages: [], variant: 'minbase', ...debian } };
  if (host) return { host: { files: [], ...host } };
  if (tar !== undefined) return { tar: resolve(reading.directory, tar) };
  if (directory !== undefined) return { directory: resolve(reading.directory, directory) };
  return { image: image ?? '' };
}

function copyOf({ from, ...rest }: Copy, { directory }: Reading): CopyEntry {
  return { owner: '0:0', ...rest, from: resolve(directory, from) };
}
