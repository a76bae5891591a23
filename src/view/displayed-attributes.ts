import { parseAddress } from '../model/address.js';
import type { RestartPolicy } from '../model/config.js';
import type { BridgeSpec, ConfigSpec, ContainerSpec, ImageSpec, LinkSpec } from '../model/specs.js';

type Attributes = Record<string, unknown>;

/**
 * What a reader wants to know of a resource that comes or goes, in the words of the file: no
 * names that baleine made up, no generated texts, nothing that is as it is by default.
 */
export function essence(address: string, spec: unknown): Attributes {
  const describe = DESCRIBE[parseAddress(address)?.kind ?? ''];
  return describe ? describe(spec as never) : (spec as Attributes);
}

const DESCRIBE: Record<string, (spec: never) => Attributes> = {
  image: ({ size, from, copy, run, config }: Partial<ImageSpec>) => ({
    size,
    from,
    copy,
    run,
    ...config,
  }),
  bridge: ({ subnet, host, isolated, uplink }: Partial<BridgeSpec>) => ({
    subnet,
    host,
    isolated: isolated || undefined,
    uplink,
  }),
  config: ({ file, text }: Partial<ConfigSpec>) => ({
    file,
    text: text === undefined ? undefined : `${text.split('\n').length - 1} lines`,
  }),
  container,
};

/** As it is when the file says nothing. */
const USUAL: Attributes = {
  user: '0:0',
  working_dir: '/',
  stop_signal: 'SIGTERM',
  stop_grace_period: 10_000,
  security: 'default',
  read_only: false,
};

const USUAL_PIDS = 2048;

function container(spec: Partial<ContainerSpec>): Attributes {
  const { id, image, args, links, mounts, hosts_file, hostname, logs, restart, ...more } = spec;
  const { healthcheck, depends_on, userns, seccomp, rotation: _rotation, ...others } = more;
  const { previous: _previous, held: _held, sockets: _sockets, proxy: _proxy, ...known } = others;
  const { entrypoint_length: _length, ...rest } = known;
  return {
    image: image?.name,
    command: args,
    bridges: links && Object.fromEntries(links.map((link) => [link.bridge, linkText(link)])),
    volumes: mounts,
    userns: userns && `auto (ids from ${userns.first})`,
    seccomp: typeof seccomp === 'object' ? seccomp.file : seccomp,
    ...unusual(rest),
    hostname: id?.endsWith(`.${hostname}`) ? undefined : hostname,
    restart: restart && restartText(restart),
    healthcheck,
    depends_on:
      depends_on && Object.fromEntries(depends_on.map(({ name, condition }) => [name, condition])),
  };
}

function unusual({ limits, ...rest }: Attributes & Partial<ContainerSpec>): Attributes {
  const given = Object.entries(rest).filter(([key, value]) => USUAL[key] !== value);
  const { pids, ...other } = limits ?? {};
  return { ...Object.fromEntries(given), limits: pids === USUAL_PIDS ? other : limits };
}

/** `on-failure:3`; undefined for the usual one. */
function restartText({ name, max }: RestartPolicy): string | undefined {
  if (name === 'always') return undefined;
  return max === undefined ? name : `${name}:${max}`;
}

function linkText({ address, mac }: LinkSpec): string {
  return [address ?? 'no address', mac].filter((each) => each !== undefined).join(', ');
}
