import { parseAddress } from '../model/address.js';
import type { RestartPolicy } from '../model/config.js';
import { sizeFor } from '../model/image-version.js';
import {
  type BridgeSpec,
  type ConfigSpec,
  type ContainerSpec,
  type ImageSpec,
  isUnbuilt,
  type JobSpec,
  KNOWN_AFTER_BUILD,
  type LinkSpec,
} from '../model/specs.js';
import type { ContentSpec, ServiceSpec } from '../model/swarm.js';

type Attributes = Record<string, unknown>;

/**
 * The attributes that the plan shows of a created or destroyed resource, with the keys of the file: no
 * generated names or texts, no defaults.
 */
export function displayedAttributes(address: string, spec: unknown): Attributes {
  const describe = DESCRIBE[parseAddress(address)?.kind ?? ''];
  return describe ? describe(spec as never) : (spec as Attributes);
}

const DESCRIBE: Record<string, (spec: never) => Attributes> = {
  image: ({ size, from, copy, run, config, origin }: Partial<ImageSpec>) => ({
    size: origin?.unbuilt && size === sizeFor(0) ? KNOWN_AFTER_BUILD : size,
    from,
    copy,
    run,
    ...(config && !isUnbuilt(config) && config),
  }),
  bridge: ({ link: _, alias: __, lease: ___, isolated, ...keys }: Partial<BridgeSpec>) => ({
    ...keys,
    isolated: isolated || undefined,
  }),
  config: ({ file, text, from }: Partial<ConfigSpec> & Partial<ContentSpec>) => ({
    file,
    from: from && describeSource(from),
    text: text === undefined ? undefined : `${text.split('\n').length - 1} lines`,
  }),
  container,
  network: object,
  secret: ({ from }: Partial<ContentSpec>) => ({ from: from && describeSource(from) }),
  service: ({ networks, update, ...spec }: Partial<ServiceSpec>) => ({
    ...withoutDefaults(object(spec)),
    networks: networks && Object.keys(networks),
    update: update?.order === 'stop-first' ? undefined : update,
  }),
  job: ({ container: run, ...keys }: Partial<JobSpec>) => {
    const { restart: _restart, heal: _heal, ...rest } = run ? container(run) : {};
    return { ...withoutDefaults(keys), ...rest };
  },
};

/** Without what follows from its address. */
function object({ id: _id, stack: _stack, ...rest }: Attributes): Attributes {
  return rest;
}

const describeSource = (from: NonNullable<ContentSpec['from']>) =>
  'files' in from ? from.files : `${from.section}.${from.source}`;

/** Defaults of the file. */
const DEFAULTS: Attributes = {
  user: '0:0',
  working_dir: '/',
  stop_signal: 'SIGTERM',
  stop_grace_period: 10_000,
  security: 'default',
  read_only: false,
  retries: 0,
  concurrency: 'forbid',
  keep_logs: 5,
};

const DEFAULT_PIDS = 2048;

function container(spec: Partial<ContainerSpec>): Attributes {
  const { id, image, args, links, mounts, hosts_file, hostname, logs, restart, ...more } = spec;
  const { healthcheck, depends_on, userns, seccomp, rotation: _rotation, ...others } = more;
  const { previous: _previous, held: _held, sockets: _sockets, proxy: _proxy, ...known } = others;
  const { entrypoint_length: _length, master: _master, ...rest } = known;
  return {
    image: image?.name,
    command: args?.[0] === KNOWN_AFTER_BUILD ? KNOWN_AFTER_BUILD : args,
    bridges: links && Object.fromEntries(links.map((link) => [link.bridge, linkText(link)])),
    volumes: mounts,
    userns: userns && `auto (ids from ${userns.first})`,
    seccomp: typeof seccomp === 'object' ? seccomp.file : seccomp,
    ...withoutDefaults(rest),
    hostname: id?.endsWith(`.${hostname}`) ? undefined : hostname,
    restart: restart && restartText(restart),
    healthcheck,
    depends_on:
      depends_on && Object.fromEntries(depends_on.map(({ name, condition }) => [name, condition])),
  };
}

function withoutDefaults({ limits, ...rest }: Attributes & Partial<ContainerSpec>): Attributes {
  const changed = Object.entries(rest).filter(([key, value]) => DEFAULTS[key] !== value);
  const { pids, ...other } = limits ?? {};
  return { ...Object.fromEntries(changed), limits: pids === DEFAULT_PIDS ? other : limits };
}

/** `on-failure:3`; undefined for the default. */
function restartText({ name, max }: RestartPolicy): string | undefined {
  if (name === 'always') return undefined;
  return max === undefined ? name : `${name}:${max}`;
}

function linkText({ address, address6, mac }: LinkSpec): string {
  const first = address ?? (address6 === undefined ? 'no address' : undefined);
  return [first, address6, mac].filter((each) => each !== undefined).join(', ');
}
