import type { ContainerEntry, HealthCheck, RestartPolicy } from './config.js';
import { digest, equal } from './json.js';

/** What a rollback restores of a container: everything except its place among others. */
export interface Release
  extends Pick<
    ContainerEntry,
    | 'environment'
    | 'limits'
    | 'stop_grace_period'
    | 'security'
    | 'apparmor'
    | 'selinux'
    | 'cap_add'
    | 'cap_drop'
    | 'read_only'
    | 'tmpfs'
    | 'sysctls'
    | 'ulimits'
    | 'dns'
    | 'labels'
    | 'logs'
  > {
  /** `version` changes when the image is rebuilt; the container then gets a new copy. */
  image: { name: string; file: string; version: string };
  /** The whole argument vector: entrypoint and command, combined by Docker's rules. */
  args: string[];
  /**
   * How many of `args` belong to the entrypoint, if the container overrides it; used by `commit`.
   */
  entrypoint_length?: number;
  /** `name`, `uid`, `name:group`, `uid:gid`; looked up in the container's own /etc/passwd. */
  user: string;
  working_dir: string;
  mounts: MountSpec[];
  /** The seccomp profile, if not the one of `security`; `digest` is of the file's content. */
  seccomp?: 'unconfined' | { file: string; digest: string };
  restart: RestartPolicy;
  stop_signal: string;
  healthcheck?: HealthCheck;
  /** Absent: an unhealthy container is restarted by the next apply. */
  heal?: 'immediate';
  runtime?: string;
  /** The port that a farm's proxy forwards requests to. */
  port?: number;
}

type Imaged = Pick<Release, 'image'>;

/** A spec that contains a release. The port is part of its rotation. */
type Released = Omit<Release, 'port'> & { rotation?: { port: number } };

export interface MountSpec {
  source: string;
  target: string;
  read_only: boolean;
}

/** The release that a rolled back container is pinned to. */
export interface PinnedRelease {
  /** Digest of the release that the file declared. The pin ends when that changes. */
  asked: string;
  /** The keys in which the file differs, for people. */
  differs: string[];
  to: Release;
}

/** The parts of a release, and their keys in the file. */
const RELEASE_KEYS = {
  image: 'image',
  args: 'command',
  entrypoint_length: 'entrypoint',
  environment: 'environment',
  user: 'user',
  working_dir: 'working_dir',
  mounts: 'volumes',
  healthcheck: 'healthcheck',
  restart: 'restart',
  heal: 'heal',
  stop_signal: 'stop_signal',
  stop_grace_period: 'stop_grace_period',
  limits: 'limits',
  labels: 'labels',
  logs: 'logs',
  runtime: 'runtime',
  security: 'security',
  seccomp: 'seccomp',
  apparmor: 'apparmor',
  selinux: 'selinux',
  cap_add: 'cap_add',
  cap_drop: 'cap_drop',
  read_only: 'read_only',
  tmpfs: 'tmpfs',
  sysctls: 'sysctls',
  ulimits: 'ulimits',
  dns: 'dns',
  port: 'port',
} as const satisfies Record<keyof Release, string>;

const NAMES = Object.keys(RELEASE_KEYS) as (keyof Release)[];

/** The length of the entrypoint does not affect the process. */
const COMPARED = NAMES.filter((name) => name !== 'entrypoint_length');

export function releaseOf({ rotation, ...spec }: Released): Release {
  const all: Partial<Release> = rotation ? { ...spec, port: rotation.port } : spec;
  const present = NAMES.filter((name) => all[name] !== undefined);
  return Object.fromEntries(present.map((name) => [name, all[name]])) as unknown as Release;
}

/** The same container with another release. */
export function withRelease<Spec extends Released>(spec: Spec, release: Release): Spec {
  const { port, ...parts } = release;
  const rest = Object.entries(spec).filter(([name]) => !(name in RELEASE_KEYS));
  const { rotation } = spec;
  return {
    ...(Object.fromEntries(rest) as unknown as Spec),
    ...parts,
    ...(rotation && port !== undefined && { rotation: { ...rotation, port } }),
  };
}

/** The keys in which two releases differ. The path of an image does not count. */
export function releaseDifferences(one: Release, other: Release): string[] {
  const same = (name: keyof Release) =>
    name === 'image' ? sameImage(one, other) : equal(one[name], other[name]);
  return COMPARED.filter((name) => !same(name)).map((name) => RELEASE_KEYS[name]);
}

export function sameRelease(one: Release, other: Release): boolean {
  return releaseDifferences(one, other).length === 0;
}

/** Whether two containers have the same release. Called for each container in every plan. */
export function hasSameRelease(one: Released, other: Released): boolean {
  return (
    sameImage(one, other) &&
    one.rotation?.port === other.rotation?.port &&
    COMPARED_IN_SPEC.every((name) => equal(one[name], other[name]))
  );
}

const COMPARED_IN_SPEC = COMPARED.filter((name) => name !== 'image' && name !== 'port');

/** Identifies a release even after its image is renamed. */
export function releaseDigest(release: Release): string {
  const { image, entrypoint_length: _length, ...rest } = release;
  const { version } = image;
  return digest({ ...rest, version }, 16);
}

function sameImage({ image: one }: Imaged, { image: other }: Imaged): boolean {
  return one.name === other.name && one.version === other.version;
}
