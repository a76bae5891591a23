import { resolve } from 'node:path';
import type { Path } from '../../config/document.js';
import {
  argumentsOf,
  defined,
  type ParseContext,
  pairsOf,
  sizeOf,
  userOf,
} from '../../config/values.js';
import type {
  ArchiveSource,
  CopyEntry,
  DockerfileSource,
  ImageEntry,
  ImageFrom,
} from '../../model/config.js';
import type { Copy, Dockerfile, From, Image } from './file.gen.js';

export function imageOf(raw: Image, path: Path, reading: ParseContext): ImageEntry {
  if (raw.external) return { external: true };
  const config = defined({
    entrypoint: argumentsOf(raw.entrypoint, [...path, 'entrypoint'], reading),
    command: argumentsOf(raw.command, [...path, 'command'], reading),
    environment: pairsOf(raw.environment, [...path, 'environment'], reading),
    user: userOf(raw.user, [...path, 'user'], reading),
    working_dir: raw.working_dir,
  });
  return defined({
    size: sizeOf(raw.size, [...path, 'size'], reading),
    from: fromOf(raw.from ?? {}, [...path, 'from'], reading),
    pull: raw.pull,
    copy: (raw.copy ?? []).map((each) => copyOf(each, reading)),
    run: raw.run ?? [],
    config,
    protect: raw.protect ?? false,
  });
}

function fromOf(raw: From, path: Path, reading: ParseContext): ImageFrom {
  const { debian, tar, directory, host, image, docker, oci, registry, dockerfile } = raw;
  if (dockerfile) {
    return { dockerfile: dockerfileOf(dockerfile, [...path, 'dockerfile'], reading) };
  }
  if (docker !== undefined) return { docker: archiveOf(docker, reading) };
  if (oci !== undefined) return { oci: archiveOf(oci, reading) };
  if (registry !== undefined) return { registry };
  if (debian) return { debian: { packages: [], variant: 'minbase', ...debian } };
  if (host) return { host: { files: [], ...host } };
  if (tar !== undefined) return { tar: resolve(reading.directory, tar) };
  if (directory !== undefined) return { directory: resolve(reading.directory, directory) };
  return { image: image ?? '' };
}

function dockerfileOf(raw: Dockerfile, path: Path, reading: ParseContext): DockerfileSource {
  const context = resolve(reading.directory, raw.context);
  return defined({
    context,
    file: raw.file === undefined ? undefined : resolve(context, raw.file),
    target: raw.target,
    args: pairsOf(raw.args, [...path, 'args'], reading),
  });
}

function archiveOf(raw: NonNullable<From['docker']>, { directory }: ParseContext): ArchiveSource {
  if (typeof raw === 'string') return { path: resolve(directory, raw) };
  return { ...raw, path: resolve(directory, raw.path) };
}

function copyOf({ from, ...rest }: Copy, { directory }: ParseContext): CopyEntry {
  return { owner: '0:0', ...rest, from: resolve(directory, from) };
}
