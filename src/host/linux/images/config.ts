import type { ImageConfig, ImageHealthcheck } from '../../../model/config.js';
import { UserError } from '../../../model/errors.js';
import { parseForeign } from './foreign-json.js';
import { DIGEST } from './manifest.js';
import { ARCHITECTURE, type Platform, platformName, rankOf } from './platform.js';

/** What is used of an image's config, whoever wrote it. */
export interface ForeignConfig {
  /** Digests of the layers, uncompressed, the lowest first. */
  layers: string[];
  config: ImageConfig;
}

/** Nanoseconds, as Go counts durations. */
const MILLISECOND = 1e6;

/**
 * Reads an image's config: Docker's and OCI's have the same shape, but only Docker's has a health
 * check. See the OCI image specification, config.md, and Docker's image specification, version 1.2.
 *
 * @throws UserError when it is no config, or the image is for another kind of machine
 */
export function readConfig(text: string, what: string): ForeignConfig {
  const read = new Reader(what);
  const image = read.object(parseForeign(text, 'config', what), 'image');
  refusePlatform(image, what);
  const config = read.object(image.config, 'config');
  const rootfs = read.object(image.rootfs, 'rootfs');
  return {
    layers: read.digests(rootfs.diff_ids),
    config: {
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
    },
  };
}

/** As Docker writes it; the health check is Docker's own, and others leave it alone. */
export function writeConfig(config: ImageConfig, created: string, layers: string[]): string {
  const folders = (names: string[] | undefined) =>
    names && Object.fromEntries(names.map((name) => [name, {}]));
  return JSON.stringify({
    created,
    architecture: ARCHITECTURE,
    os: 'linux',
    config: {
      User: config.user,
      ExposedPorts: folders(config.exposed_ports),
      Env: Object.entries(config.environment).map(([name, value]) => `${name}=${value}`),
      Entrypoint: config.entrypoint,
      Cmd: config.command,
      Healthcheck: config.healthcheck && writeHealthcheck(config.healthcheck),
      Volumes: folders(config.volumes),
      WorkingDir: config.working_dir,
      Labels: config.labels,
      StopSignal: config.stop_signal,
    },
    rootfs: { type: 'layers', diff_ids: layers },
    history: [{ created, created_by: 'baleine' }],
  });
}

function refusePlatform(platform: Platform, what: string): void {
  if (rankOf(platform) !== undefined) return;
  const name = platformName(platform);
  throw new UserError(
    `cannot use ${what}: it is for ${name}, and this host is linux/${ARCHITECTURE}`,
  );
}

/** A variable without a value is one that Docker takes from nowhere. */
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

/** An empty value is as good as none to Docker. */
function present<Key extends string, Value extends string | object | number>(
  key: Key,
  value: Value | undefined,
): Partial<Record<Key, Value>> {
  const empty = value === undefined || value === '' || value === 0;
  return empty || (typeof value === 'object' && Object.keys(value).length === 0)
    ? {}
    : ({ [key]: value } as Record<Key, Value>);
}

/** Takes a stranger's JSON apart; null is what Go writes for nothing. */
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

/** What the kernel is given ends at a NUL. */
const isText = (value: unknown): value is string =>
  typeof value === 'string' && !value.includes('\0');
