import type { ContainerEntry, HealthCheck, RestartPolicy } from './config.js';
import { digest, equal } from './json.js';

/** What goes back with a container when it is rolled back: all but where it stands among others. */
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
  /** `version` changes when the image is rebuilt; the container then starts on a new copy. */
  image: { name: string; file: string; version: string };
  /** The whole argument vector: entrypoint and command, Docker's override rules applied. */
  args: string[];
  /** How many of `args` are the entrypoint's, when the container has one of its own; `commit` asks. */
  entrypoint_length?: number;
  /** `name`, `uid`, `name:group`, `uid:gid`; looked up in the container's own /etc/passwd. */
  user: string;
  working_dir: string;
  mounts: MountSpec[];
  /** What filters its system calls, if not what `security` has; `digest` is of the file's content. */
  seccomp?: 'unconfined' | { file: string; digest: string };
  restart: RestartPolicy;
  stop_signal: string;
  healthcheck?: HealthCheck;
  /** Absent: the next apply does. */
  heal?: 'immediate';
  runtime?: string;
  /** Where a server of a farm is sent requests. */
  port?: number;
}

type Imaged = Pick<Release, 'image'>;

/** What a release is part of. Its port is where its proxy finds it. */
type Released = Omit<Release, 'port'> & { rotation?: { port: number } };

export interface MountSpec {
  source: string;
  target: string;
  read_only: boolean;
}

/** Of a container that was rolled back. */
export interface PinnedRelease {
  /** Digest of the release that the file asked for. */
  asked: string;
  /** In what it differs, in the file's words, for people. */
  differs: string[];
  to: Release;
}

/** Each part of a release, and what the file calls it. */
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

/** Where the entrypoint ends makes no other process. */
const COMPARED = NAMES.filter((name) => name !== 'entrypoint_length');

export function releaseOf({ rotation, ...spec }: Released): Release {
  const all: Partial<Release> = rotation ? { ...spec, port: rotation.port } : spec;
  const given = NAMES.filter((name) => all[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, all[name]])) as unknown as Release;
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

/** The file's words for what two releases differ in; where an image lies makes none. */
export function releaseDifferences(one: Release, other: Release): string[] {
  const same = (name: keyof Release) =>
    name === 'image' ? sameImage(one, other) : equal(one[name], other[name]);
  return COMPARED.filter((name) => !same(name)).map((name) => RELEASE_KEYS[name]);
}

export function sameRelease(one: Release, other: Release): boolean {
  return releaseDifferences(one, other).length === 0;
}

/** Whether two containers are of releases that do not differ. Every plan asks it of each of them. */
export function hasSameRelease(one: Released, other: Released): boolean {
  return (
    sameImage(one, other) &&
    one.rotation?.port === other.rotation?.port &&
    COMPARED_IN_SPEC.every((name) => equal(one[name], other[name]))
  );
}

const COMPARED_IN_SPEC = COMPARED.filter((name) => name !== 'image' && name !== 'port');

/** By which it is known again, also when its image has been given another name. */
export function releaseDigest(release: Release): string {
  const { image, entrypoint_length: _length, ...rest } = release;
  const { version } = image;
  return digest({ ...rest, version }, 16);
}

function sameImage({ image: one }: Imaged, { image: other }: Imaged): boolean {
  return one.name === other.name && one.version === other.version;
}
