import { relative, resolve } from 'node:path';
import { quote } from 'shlex';
import type { Entry, Path } from '../config/document.js';
import {
  type Config,
  entriesOf,
  type FileOrigin,
  type ImageSource,
  type JobEntry,
} from '../model/config.js';
import { covered, Losses, lost, type Rows, translate } from './rows.js';

/** One file of the output. */
export interface OutputFile {
  /** Relative to the folder of the output; may have folders in it. */
  name: string;
  text: string;
}

/** A stack as files of another engine, and what these have no words for. */
export interface Converted {
  files: OutputFile[];
  lost: string[];
  /** What has to be known or done before they are used. */
  notes: string[];
}

/** What a stack is converted from and to. */
export interface ConvertInput {
  config: Config;
  /** The parsed file. */
  root: Entry;
  /** The folder that the files are for: paths are relative to it. */
  directory: string;
  /** HOST/PATH of images that are not in a registry yet. */
  registry?: string;
  /** For one stream, without files beside it. */
  isStream?: boolean;
}

/** A stack while it is converted: the answers to what every engine asks. */
export class Stack {
  readonly config: Config;
  readonly losses: Losses;

  constructor(private readonly input: ConvertInput) {
    this.config = input.config;
    this.losses = new Losses(input.config, input.root);
  }

  /** Whether the output is one stream. */
  get isStream(): boolean {
    return this.input.isStream ?? false;
  }

  /** A path of the host, as the files of the output have it. */
  path(absolute: string): string {
    const found = relative(resolve(this.input.directory), absolute);
    return found.startsWith('..') ? found : `./${found}`;
  }

  /**
   * The reference of an image: that in its registry, or where it has to be pushed to.
   *
   * @param at the key of the container
   */
  image(name: string, at: Path): string {
    const { config, input, losses } = this;
    const image = config.images[name];
    const source = image?.external ? undefined : image;
    if (source && 'registry' in source.from && !isChanged(source)) return source.from.registry;
    const prefix = input.registry?.replace(/\/+$/, '');
    const reference = prefix === undefined ? (source?.reference ?? name) : `${prefix}/${name}`;
    const place = source ? ['images', name] : at;
    const target = reference === name ? `HOST/PATH/${name}` : reference;
    const what =
      reference === name
        ? 'is in no registry: give --registry HOST/PATH and push it'
        : 'must be pushed first';
    losses.note(place, `image ${name} ${what}: baleine image push ${name} ${target}`);
    return reference;
  }

  /** Names the keys of used images that have no meaning elsewhere. */
  images(pull: Rows<Pick<ImageSource, 'pull'>, unknown>): void {
    for (const [name, image] of Object.entries(this.config.images)) {
      if (image.external) continue;
      const { config: _inherited, external: _, ...entry } = image;
      translate(entry, { ...IMAGE, ...pull }, undefined, ['images', name], this.losses);
    }
  }

  /** The containers, servers and jobs that mount a volume. */
  usersOf(volume: string): number {
    return entriesOf(this.config).reduce((count, { entry }) => {
      const mounts = entry.volumes.some(
        ({ type, source }) => type === 'volume' && source === volume,
      );
      return count + (mounts ? (entry.replicas ?? 1) : 0);
    }, 0);
  }
}

/** What a job has besides the keys of a container. */
export type JobKeys = Pick<
  JobEntry,
  'schedule' | 'timezone' | 'timeout' | 'retries' | 'concurrency' | 'keep_logs'
>;

export const jobKeys = ({
  schedule,
  timezone,
  timeout,
  retries,
  concurrency,
  keep_logs,
}: JobEntry) => ({ schedule, timezone, timeout, retries, concurrency, keep_logs }) as JobKeys;

/** A shell command that prints the content of a secret or config that no file has as it is. */
export const contentOf = (origin: Exclude<FileOrigin, { file: string } | { content: string }>) =>
  'age' in origin
    ? `age --decrypt --identity ${quote(origin.identity)} ${quote(origin.age)}`
    : `printenv ${quote(origin.environment)} | head -c -1`;

/** Keys of an image that are a part of what is pushed. */
const IMAGE: Rows<Omit<ImageSource, 'config' | 'external' | 'pull'>, unknown> = {
  size: lost('the disk of a container has no quota there'),
  from: covered,
  reference: covered,
  copy: covered,
  run: covered,
  protect: lost('nothing there is protected from its removal'),
};

/** Whether it is more than the image in its registry. */
const isChanged = ({ copy, run, config }: ImageSource) =>
  copy.length > 0 ||
  run.length > 0 ||
  Object.entries(config).some(
    ([, value]) => Object.keys(value ?? {}).length > 0 || typeof value === 'string',
  );

/** The ids of a container's user, where they are numbers: files of secrets belong to it. */
export function idsOf(user: string | undefined): { uid?: number; gid?: number } {
  const [, uid = '', gid = ''] = /^(\d*)(?::(\d*))?$/.exec(user ?? '') ?? [];
  return {
    ...(uid !== '' && { uid: Number(uid) }),
    ...(gid !== '' && { gid: Number(gid) }),
  };
}

/** `1m30s` of milliseconds, as Go and systemd read it. */
export function duration(milliseconds: number): string {
  return milliseconds % 1000 === 0 ? `${milliseconds / 1000}s` : `${milliseconds}ms`;
}

/** Options of an entry of `tmpfs`, which is `PATH[:OPTIONS]`; `size` in bytes. */
export function tmpfsOf(text: string): { target: string; size?: number; others: string[] } {
  const at = text.indexOf(':');
  if (at < 0) return { target: text, others: [] };
  const options = text
    .slice(at + 1)
    .split(',')
    .filter(Boolean);
  const size = options.map((each) => /^size=(\d+)([kmg]?)$/i.exec(each)).find((each) => each);
  const unit = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[(size?.[2] ?? '').toLowerCase()] ?? 1;
  return {
    target: text.slice(0, at),
    ...(size && { size: Number(size[1]) * unit }),
    others: options.filter((each) => each !== size?.[0]),
  };
}

/** `CAP_NET_ADMIN` as other engines have it. */
export const capability = (name: string) => name.replace(/^CAP_/, '');

/** What other engines grant by default and baleine does not. */
export const NOT_GRANTED = ['AUDIT_WRITE', 'MKNOD', 'NET_RAW'];
