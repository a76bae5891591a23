import type { ImageConfig, ImageHealthcheck, OriginalConfig } from '../../../model/config.js';
import { UserError } from '../../../model/errors.js';
import type { ModulePlatform } from '../../../model/image-values.js';
import { canonical, equal } from '../../../model/json.js';
import type { Exported } from '../../ports.js';
import { parseForeign } from './foreign-json.js';
import { DIGEST, type Manifest } from './manifest.js';
import { ARCHITECTURE, type Platform, platformName, rankOf } from './platform.js';

/** The parts of an image configuration that we use, from any tool. */
export interface ForeignConfig {
  /** Digests of the uncompressed layers, lowest first. */
  layers: string[];
  config: ImageConfig;
  /** The complete original, for an export. */
  original: OriginalConfig;
}

/** Nanoseconds, Go's unit of durations. */
const MILLISECOND = 1e6;

/**
 * Parses an image configuration. Docker and OCI share one format, but only Docker's has a health
 * check. See the OCI image specification, config.md, and Docker's image specification, version 1.2.
 *
 * @param wanted the platform in place of this host's
 * @throws UserError if it is not a configuration, or the image is for another platform
 */
export function readConfig(text: string, what: string, wanted?: ModulePlatform): ForeignConfig {
  const read = new Reader(what);
  const image = read.object(parseForeign(text, 'config', what), 'image');
  refusePlatform(image, what, wanted);
  const { rootfs, ...original } = image;
  return {
    layers: read.digests(read.object(rootfs, 'rootfs').diff_ids),
    config: decode(image.config, read),
    original: { image: original as OriginalConfig['image'] },
  };
}

function decode(value: unknown, read: Reader): ImageConfig {
  const config = read.object(value, 'config');
  return {
    ...present('entrypoint', read.strings(config.Entrypoint, 'Entrypoint')),
    ...present('command', read.strings(config.Cmd, 'Cmd')),
    environment: environmentOf(read.strings(config.Env, 'Env') ?? []),
    ...present('user', read.text(config.User)),
    ...present('working_dir', read.text(config.WorkingDir)),
    ...present('labels', read.labels(config.Labels)),
    ...present('stop_signal', read.text(config.StopSignal)),
    ...present('exposed_ports', read.keys(config.ExposedPorts, 'ExposedPorts')),
    ...present('volumes', read.keys(config.Volumes, 'Volumes')),
    ...present('healthcheck', healthcheckOf(config.Healthcheck, read)),
  };
}

/** Adds the annotations of the image's manifest. */
export function annotated(foreign: ForeignConfig, { annotations }: Manifest): ForeignConfig {
  const texts = Object.entries(annotations ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  if (texts.length === 0) return foreign;
  const original = { ...foreign.original, annotations: Object.fromEntries(texts) };
  return { ...foreign, original };
}

/**
 * Writes Docker's format, whose health check other tools ignore. Fields with unchanged meaning and
 * fields unknown to baleine are copied from the original. The build steps stay in the history,
 * although all layers are now one.
 */
export function writeConfig(
  { config, original, created }: Pick<Exported, 'config' | 'original' | 'created'>,
  layers: string[],
): string {
  const { image = {} } = original ?? {};
  const read = new Reader('the original config');
  const fields = read.object(image.config, 'config');
  const before = decode(fields, read);
  const now = encode(config, fields);
  const changed = (Object.keys(now) as (keyof typeof now)[]).filter(
    (name) => !equal(before[MEANING[name]], config[MEANING[name]]) || image.config === undefined,
  );
  return canonical({
    ...image,
    created,
    architecture: image.architecture || ARCHITECTURE,
    os: image.os || 'linux',
    config: { ...fields, ...Object.fromEntries(changed.map((name) => [name, now[name]])) },
    rootfs: { type: 'layers', diff_ids: layers },
    history: [...historyOf(image.history), { created, created_by: 'baleine' }],
  });
}

const MEANING = {
  User: 'user',
  ExposedPorts: 'exposed_ports',
  Env: 'environment',
  Entrypoint: 'entrypoint',
  Cmd: 'command',
  Healthcheck: 'healthcheck',
  Volumes: 'volumes',
  WorkingDir: 'working_dir',
  Labels: 'labels',
  StopSignal: 'stop_signal',
} as const satisfies Record<string, keyof ImageConfig>;

function encode(config: ImageConfig, { Env }: Record<string, unknown>) {
  const folders = (names: string[] | undefined) =>
    names && Object.fromEntries(names.map((name) => [name, {}]));
  return {
    User: config.user,
    ExposedPorts: folders(config.exposed_ports),
    Env: pairsOf(config.environment, Array.isArray(Env) ? Env.filter(isText) : []),
    Entrypoint: config.entrypoint,
    Cmd: config.command,
    Healthcheck: config.healthcheck && writeHealthcheck(config.healthcheck),
    Volumes: folders(config.volumes),
    WorkingDir: config.working_dir,
    Labels: config.labels,
    StopSignal: config.stop_signal,
  } satisfies Record<keyof typeof MEANING, unknown>;
}

/** Keeps the order of existing variables and appends new ones. */
function pairsOf(environment: Record<string, string>, before: readonly string[]): string[] {
  const left = new Map(Object.entries(environment));
  const kept = before.flatMap((pair) => {
    const name = pair.slice(0, pair.indexOf('='));
    if (name === '' || !pair.includes('=')) return [pair];
    const value = left.get(name);
    left.delete(name);
    return value === undefined ? [] : [`${name}=${value}`];
  });
  return [...kept, ...[...left].map(([name, value]) => `${name}=${value}`)];
}

function historyOf(history: unknown): object[] {
  if (!Array.isArray(history)) return [];
  const steps = history.filter((each) => typeof each === 'object' && each !== null);
  return steps.map((each) => ({ ...each, empty_layer: true }));
}

function refusePlatform(platform: Platform, what: string, wanted?: ModulePlatform): void {
  if (rankOf(platform, wanted) !== undefined) return;
  const other = wanted ? `not for ${wanted}` : `and this host is linux/${ARCHITECTURE}`;
  throw new UserError(`cannot use ${what}: it is for ${platformName(platform)}, ${other}`);
}

/** Docker ignores a variable without a value. */
function environmentOf(pairs: string[]): Record<string, string> {
  const entries = pairs.map((pair) => [pair.indexOf('='), pair] as const);
  return Object.fromEntries(
    entries.flatMap(([at, pair]) => (at > 0 ? [[pair.slice(0, at), pair.slice(at + 1)]] : [])),
  );
}

function healthcheckOf(value: unknown, read: Reader): ImageHealthcheck | undefined {
  const { Test, Interval, Timeout, StartPeriod, Retries } = read.object(value, 'Healthcheck');
  const [how, ...words] = read.strings(Test, 'Healthcheck') ?? [];
  if (how === undefined) return undefined;
  if (how === 'NONE') return { test: [] };
  return {
    test: how === 'CMD-SHELL' ? ['/bin/sh', '-c', words.join(' ')] : words,
    ...present('interval', read.duration(Interval)),
    ...present('timeout', read.duration(Timeout)),
    ...present('start_period', read.duration(StartPeriod)),
    ...(typeof Retries === 'number' && Retries > 0 && { retries: Retries }),
  };
}

function writeHealthcheck({ test, interval, timeout, start_period, retries }: ImageHealthcheck) {
  const nanoseconds = (value: number | undefined) => value && value * MILLISECOND;
  return {
    Test: test.length === 0 ? ['NONE'] : ['CMD', ...test],
    Interval: nanoseconds(interval),
    Timeout: nanoseconds(timeout),
    StartPeriod: nanoseconds(start_period),
    Retries: retries,
  };
}

/** Docker treats an empty value as missing. */
function present<Key extends string, Value extends string | object | number>(
  key: Key,
  value: Value | undefined,
): Partial<Record<Key, Value>> {
  const empty = value === undefined || value === '' || value === 0;
  return empty || (typeof value === 'object' && Object.keys(value).length === 0)
    ? {}
    : ({ [key]: value } as Record<Key, Value>);
}

/** Decodes untrusted JSON; Go writes null for empty values. */
class Reader {
  constructor(readonly what: string) {}

  object(value: unknown, name: string): Record<string, unknown> {
    if (value === undefined || value === null) return {};
    if (typeof value !== 'object' || Array.isArray(value)) throw this.#bad(name, 'an object');
    return value as Record<string, unknown>;
  }

  strings(value: unknown, name: string): string[] | undefined {
    if (value === undefined || value === null) return undefined;
    if (Array.isArray(value) && value.every(isText)) return value;
    throw this.#bad(name, 'a list of texts');
  }

  digests(value: unknown): string[] {
    const found = this.strings(value, 'diff_ids') ?? [];
    if (found.every((each) => DIGEST.test(each))) return found;
    throw this.#bad('diff_ids', 'a list of digests');
  }

  text(value: unknown): string | undefined {
    return isText(value) ? value : undefined;
  }

  keys(value: unknown, name: string): string[] {
    return Object.keys(this.object(value, name)).filter(isText).sort();
  }

  labels(value: unknown): Record<string, string> {
    const entries = Object.entries(this.object(value, 'Labels'));
    return Object.fromEntries(
      entries.filter((entry): entry is [string, string] => isText(entry[1])),
    );
  }

  /** Milliseconds. */
  duration(value: unknown): number | undefined {
    return typeof value === 'number' ? Math.round(value / MILLISECOND) : undefined;
  }

  #bad(name: string, expected: string): UserError {
    return new UserError(`cannot use ${this.what}: its ${name} is not ${expected}`);
  }
}

/** Strings passed to the kernel end at a NUL. */
const isText = (value: unknown): value is string =>
  typeof value === 'string' && !value.includes('\0');
