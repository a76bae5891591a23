import { isIP } from 'node:net';
import { resolve } from 'node:path';
import type { Path } from '../../config/document.js';
import {
  argumentsOf,
  defined,
  mapEntries,
  type ParseContext,
  pairsOf,
  type Scalar,
  sizeOf,
  ulimitOf,
  userOf,
} from '../../config/values.js';
import type {
  ArchiveSource,
  CopyEntry,
  DebianSource,
  DockerfileSource,
  ImageFrom,
  ModulePlatform,
} from '../../model/image-values.js';
import { protectKey, recordedKey, type Schema, unrecordedKey } from '../key.js';

type Archive = string | { path: string; reference?: string };
type Pairs = { [key: string]: Scalar } | string[];

interface Dockerfile {
  context: string;
  file?: string;
  target?: string;
  args?: Pairs;
  inline?: string;
  labels?: Pairs;
  extra_hosts?: string[];
  network?: 'host' | 'none';
  additional_contexts?: Record<string, string>;
  ulimits?: Record<string, number | { soft: number; hard: number }>;
  platform?: ModulePlatform;
}

interface Copy {
  from: string;
  to: string;
  mode?: string;
  owner?: string;
}

const REFERENCE = {
  description: 'Its name in the registry.',
  type: 'string',
  pattern: '^[A-Za-z0-9][A-Za-z0-9._:/-]*(@sha256:[0-9a-f]{64})?$',
  errorMessage:
    'must be the name of an image, such as nginx:1.27 or registry.example:5000/team/app:1',
};
const MODULE_PLATFORM = {
  description: 'The platform in place of this host’s: that of WebAssembly modules.',
  enum: ['wasi/wasm', 'wasi/wasm32'],
  errorMessage: 'must be wasi/wasm or wasi/wasm32: other images are for this host',
};

/** One of the sources of an image. */
interface Source<Raw> {
  schema: Schema;
  read(raw: Raw, path: Path, reading: ParseContext): ImageFrom;
}

const source = <Raw>(each: Source<Raw>): Source<Raw> => each;

/** The keys of `from`, of which a file has exactly one. */
export const SOURCES = {
  debian: source({
    schema: { $ref: '#/definitions/debian' },
    read: (raw: Partial<DebianSource> & { suite: string }) => ({
      debian: { packages: [], variant: 'minbase', ...raw },
    }),
  }),
  tar: source({
    schema: {
      description:
        'An archive of a root file system, compressed by gzip, bzip2, xz, zstd or not at all.',
      $ref: '#/definitions/path',
    },
    read: (raw: string, path, { directoryOf }) => ({ tar: resolve(directoryOf(path), raw) }),
  }),
  directory: source({
    schema: {
      description: 'A folder that holds a root file system.',
      $ref: '#/definitions/path',
    },
    read: (raw: string, path, { directoryOf }) => ({
      directory: resolve(directoryOf(path), raw),
    }),
  }),
  host: source({
    schema: {
      description: 'Programs of this host, with the shared libraries they need.',
      type: 'object',
      additionalProperties: false,
      required: ['binaries'],
      properties: {
        binaries: {
          description: 'Absolute paths of programs.',
          type: 'array',
          items: { description: 'An absolute path on the host.', $ref: '#/definitions/inside' },
          minItems: 1,
          errorMessage: 'must list at least one program',
        },
        files: {
          description: 'Absolute paths of other files and folders.',
          type: 'array',
          items: { description: 'An absolute path on the host.', $ref: '#/definitions/inside' },
          default: [],
        },
      },
    },
    read: (raw: { binaries: string[]; files?: string[] }) => ({ host: { files: [], ...raw } }),
  }),
  image: source({
    schema: { description: 'Another image of this file.', $ref: '#/definitions/imageName' },
    read: (image: string) => ({ image }),
  }),
  docker: source({
    schema: {
      description: 'An archive written by `docker save`. The image config is read from it.',
      $ref: '#/definitions/archive',
    },
    read: (raw: Archive, path, { directoryOf }) => ({
      docker: archiveOf(raw, directoryOf(path)),
    }),
  }),
  oci: source({
    schema: {
      description:
        'An OCI image layout, as a folder or a tar file. The image config is read from it.',
      $ref: '#/definitions/archive',
    },
    read: (raw: Archive, path, { directoryOf }) => ({ oci: archiveOf(raw, directoryOf(path)) }),
  }),
  registry: source({
    schema: {
      description:
        "An image in a registry, in Docker's notation: `nginx:1.27`. Its digest is recorded and kept; see `pull`. A WebAssembly module is `{reference: app:1, platform: wasi/wasm}`.",
      anyOf: [
        REFERENCE,
        {
          type: 'object',
          additionalProperties: false,
          required: ['reference'],
          properties: { reference: REFERENCE, platform: MODULE_PLATFORM },
        },
      ],
    },
    read: (raw: string | { reference: string; platform?: ModulePlatform }) => {
      if (typeof raw === 'string') return { registry: raw };
      return defined({ registry: raw.reference, platform: raw.platform });
    },
  }),
  dockerfile: source({
    schema: { $ref: '#/definitions/dockerfile' },
    read: (raw: Dockerfile, path, reading) => ({ dockerfile: dockerfileOf(raw, path, reading) }),
  }),
};

type From = { [N in keyof typeof SOURCES]?: Parameters<(typeof SOURCES)[N]['read']>[0] };

/** Every key of an image but `external`, in the order a reader of the file would want them. */
export const IMAGE_KEYS = {
  size: recordedKey({
    schema: {
      description:
        'Size of the ext4 file, which is also the disk quota of each container. Default: 512M, or the size of the image it is built from. For docker, oci, registry and dockerfile: 1.5 times the data plus 64M, where compressed data count four times.',
      $ref: '#/definitions/size',
    },
    read: (raw: string | number | undefined, path, reading) => sizeOf(raw, path, reading),
    change: 'update',
  }),
  from: recordedKey({
    schema: { $ref: '#/definitions/from' },
    read: (raw: From | undefined, path, reading) => fromOf(raw ?? {}, path, reading),
    change: 'update',
  }),
  pull: unrecordedKey({
    schema: {
      description:
        'For `from: {registry}`: ask the registry only when the image is not recorded yet (missing), at every plan (always), or never.',
      enum: ['missing', 'always', 'never'],
      default: 'missing',
      errorMessage: 'must be missing, always or never',
    },
    read: (raw: 'missing' | 'always' | 'never' | undefined) => raw,
  }),
  reference: unrecordedKey({
    schema: {
      description:
        'Its name in a registry, for `push`: `registry.example:5000/team/app:1`. Default: that in `from: {registry}`.',
      type: 'string',
      pattern: '^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,254}$',
      errorMessage: 'must be a name such as registry.example:5000/team/app:1',
    },
    read: (raw: string | undefined) => raw,
  }),
  copy: recordedKey({
    schema: {
      description: 'Files of the host to copy in.',
      type: 'array',
      items: { $ref: '#/definitions/copy' },
      default: [],
    },
    read: (raw: Copy[] | undefined, path, { directoryOf }) =>
      (raw ?? []).map(
        ({ from, ...rest }, i): CopyEntry => ({
          owner: '0:0',
          ...rest,
          from: resolve(directoryOf([...path, i]), from),
        }),
      ),
    change: 'update',
  }),
  run: recordedKey({
    schema: {
      description:
        'Shell lines, each run by `/bin/sh -c` in a one-off container on the image, without network.',
      type: 'array',
      items: { type: 'string', minLength: 1, errorMessage: 'must be a shell line' },
      default: [],
    },
    read: (raw: string[] | undefined) => raw ?? [],
    change: 'update',
  }),
  protect: protectKey,
};

/** What containers inherit: recorded in the image's `config`. */
export const IMAGE_CONFIG_KEYS = {
  entrypoint: recordedKey({
    schema: {
      description: 'The entrypoint of its containers.',
      $ref: '#/definitions/command',
    },
    read: (raw: Scalar[] | string | undefined, path, reading) => argumentsOf(raw, path, reading),
    change: 'update',
  }),
  command: recordedKey({
    schema: {
      description: 'The default command of its containers, appended to the entrypoint.',
      $ref: '#/definitions/command',
    },
    read: (raw: Scalar[] | string | undefined, path, reading) => argumentsOf(raw, path, reading),
    change: 'update',
  }),
  environment: recordedKey({
    schema: { $ref: '#/definitions/environment' },
    read: (raw: Pairs | undefined, path, reading) => pairsOf(raw, path, reading),
    change: 'update',
  }),
  user: recordedKey({
    schema: { $ref: '#/definitions/user' },
    read: (raw: string | number | undefined, path, reading) => userOf(raw, path, reading),
    change: 'update',
  }),
  working_dir: recordedKey({
    schema: {
      description: 'The working directory of its containers. Default: `/`.',
      $ref: '#/definitions/inside',
    },
    read: (raw: string | undefined) => raw,
    change: 'update',
  }),
};

/** The checks of the file report an empty `from`. */
function fromOf(raw: From, path: Path, reading: ParseContext): ImageFrom {
  for (const [name, { read }] of Object.entries<Source<never>>(SOURCES)) {
    const value = raw[name as keyof From];
    if (value !== undefined) return read(value as never, [...path, name], reading);
  }
  return { image: '' };
}

function dockerfileOf(raw: Dockerfile, path: Path, reading: ParseContext): DockerfileSource {
  const { problems } = reading;
  const context = resolve(reading.directoryOf(path), raw.context);
  if (raw.file !== undefined && raw.inline !== undefined) {
    problems.atKey([...path, 'inline'], 'a build has either a file or its text inline');
  }
  const contexts = Object.entries(raw.additional_contexts ?? {}).map(([name, folder]) => {
    const at = [...path, 'additional_contexts', name];
    if (/^[a-z+-]+:/.test(folder)) {
      const hint = 'name a folder; what is copied from an image needs only COPY --from=IMAGE';
      problems.atValue(at, `${JSON.stringify(folder)} is no folder of this host`, hint);
    }
    return [name, resolve(reading.directoryOf(at), folder)] as const;
  });
  return defined({
    context,
    file: raw.file === undefined ? undefined : resolve(context, raw.file),
    target: raw.target,
    args: pairsOf(raw.args, [...path, 'args'], reading),
    inline: raw.inline,
    labels: filled(pairsOf(raw.labels, [...path, 'labels'], reading)),
    extra_hosts: filled(
      (raw.extra_hosts ?? []).map((each, i) => hostOf(each, [...path, 'extra_hosts', i], reading)),
    ),
    network: raw.network === 'none' ? 'none' : undefined,
    additional_contexts: filled(Object.fromEntries(contexts)),
    ulimits: filled(
      mapEntries(raw.ulimits, (limit, name) =>
        ulimitOf(limit, [...path, 'ulimits', name], reading),
      ),
    ),
    platform: raw.platform,
  });
}

const filled = <T extends object>(value: T): T | undefined =>
  Object.keys(value).length > 0 ? value : undefined;

/** `NAME:ADDRESS`, as buildah has it. */
function hostOf(text: string, path: Path, { problems }: ParseContext): string {
  const [, name = '', rest = ''] = /^([^:=]*)[:=](.*)$/s.exec(text) ?? [];
  const address = /^\[.*\]$/s.test(rest) ? rest.slice(1, -1) : rest;
  if (!isIP(address)) {
    const hint = 'a build is on the network of the host, which is 127.0.0.1';
    problems.atValue(path, `${JSON.stringify(rest)} is no address`, hint);
  }
  return `${name}:${address}`;
}

function archiveOf(raw: Archive, directory: string): ArchiveSource {
  if (typeof raw === 'string') return { path: resolve(directory, raw) };
  return { ...raw, path: resolve(directory, raw.path) };
}
