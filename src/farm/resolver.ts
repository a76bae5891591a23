import type { Context } from '../kinds/desired-context.js';
import { addressOf } from '../model/address.js';
import type { BridgeSource, ContainerEntry } from '../model/config.js';
import { INNER } from '../model/egress.js';
import { configDir, idOf } from '../model/install-paths.js';
import type { Instance } from '../model/instance.js';
import {
  RESOLVER_IMAGE,
  RESOLVER_PROGRAM,
  resolverAddress,
  resolverName,
  resolverOf,
  serversOf,
} from '../model/resolver.js';
import type { Resource } from '../model/resource.js';
import type { ConfigSpec } from '../model/specs.js';
import { CONFIG_DIR } from './expand.js';
import { programEntry, programImage } from './program.js';

const FILE = 'hosts';

/** A user without any right (`nobody`). */
const USER = '65534:65534';

/** Names that it remembers of others; without its own. */
const CACHE = 1000;

/** Questions that it asks at the same time; more are refused. */
const PENDING = 150;

/**
 * Addresses that no name of the outside has: one that answers with them leads a container to itself,
 * to its neighbors or to the metadata service of a cloud (DNS rebinding). Other private addresses
 * may be those of a company.
 */
const NEVER_OUTSIDE = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16'];

type Bridges = Context['config']['bridges'];
type Member = Pick<Instance, 'entry'>;

/** Adds the image of the resolvers, if there are any. */
export function withResolverImage(context: Context): Context {
  const { config } = context;
  if (resolving(config.bridges).length === 0) return context;
  const images = { ...config.images, [RESOLVER_IMAGE]: programImage(RESOLVER_PROGRAM) };
  return { ...context, config: { ...config, images } };
}

/** One container for each bridge of the stack that has a resolver. */
export function resolverInstances(bridges: Bridges, members: readonly Member[]): Instance[] {
  return resolving(bridges).map(([bridge, source]) => {
    const name = resolverName(bridge);
    const path = ['bridges', bridge, 'dns'];
    const entry = entryOf(bridge, source, bridges, members);
    return { name, service: name, entry, path, resolver: true };
  });
}

export const hasResolver = ({ bridges }: Pick<Context['config'], 'bridges'>): boolean =>
  resolving(bridges).length > 0;

function resolving(bridges: Bridges): [string, BridgeSource][] {
  return Object.entries(bridges).flatMap(([name, bridge]): [string, BridgeSource][] =>
    !bridge.external && resolverOf(bridge) ? [[name, bridge]] : [],
  );
}

/** In a network namespace of its own, as any container on the bridge. */
function entryOf(
  bridge: string,
  source: BridgeSource,
  bridges: Bridges,
  members: readonly Member[],
): ContainerEntry {
  const address = resolverAddress(source);
  const servers = resolverOf(source)?.forward ?? (source.egress ? [INNER.dns] : serversOf(source));
  return programEntry({
    image: RESOLVER_IMAGE,
    command: [
      RESOLVER_PROGRAM,
      ...['--keep-in-foreground', '--conf-file=/dev/null', '--pid-file=', '--log-facility=-'],
      ...['--no-resolv', '--no-poll', '--no-hosts', `--addn-hosts=${CONFIG_DIR}/${FILE}`],
      ...['--bind-interfaces', ...(address === undefined ? [] : [`--listen-address=${address}`])],
      ...['--domain-needed', '--bogus-priv', '--no-ident'],
      ...[`--cache-size=${CACHE}`, `--dns-forward-max=${PENDING}`],
      ...(servers.length > 0
        ? [...servers.map((each) => `--server=${each}`), ...refused(source)]
        : unknown(bridge, bridges, members)),
    ],
    bridges: { [bridge]: { ...(address !== undefined && { address }), aliases: [] } },
    volumes: [
      { type: 'config', source: resolverName(bridge), target: CONFIG_DIR, read_only: true },
    ],
    user: USER,
    limits: { pids: 32, memory: 64 * 1024 ** 2 },
    // every user of a network namespace of its own may listen on port 53
    cap_add: [],
    stop_signal: 'SIGTERM',
  });
}

/** On a bridge with an uplink, the addresses of its subnet are those of a network outside. */
const refused = ({ subnet, uplink }: BridgeSource) =>
  [...NEVER_OUTSIDE, ...(subnet === undefined || uplink !== undefined ? [] : [subnet])].map(
    (each) => `--bogus-nxdomain=${each}`,
  );

/**
 * Without name servers to ask, any other name does not exist; an answer is final. Only if one of
 * its containers has another name server, too, it refuses to answer, and that one is asked.
 */
function unknown(bridge: string, bridges: Bridges, members: readonly Member[]): string[] {
  const others = (entry: ContainerEntry) =>
    Object.keys(entry.bridges).some((each) => {
      const other = bridges[each];
      if (each === bridge || !other) return false;
      return other.external || other.egress || other.dns !== undefined;
    });
  const isShared = members.some(({ entry }) => entry.bridges[bridge] && others(entry));
  return isShared ? [] : ['--address=/#/'];
}

/** A container as its neighbors on a bridge know it. */
export interface Named {
  name: string;
  /** Of which it is a server. */
  farm?: string;
  bridges: readonly {
    bridge: string;
    address?: string;
    address6?: string;
    names: readonly string[];
  }[];
}

/**
 * The names that the resolvers know (hosts(5)): those of /etc/hosts, and of farms. A container that
 * is not there, or is unhealthy, is left out.
 */
export function desiredNames(peers: readonly Named[], context: Context): Resource<ConfigSpec>[] {
  const { config, paths, unavailable = [] } = context;
  return resolving(config.bridges).map(([bridge]) => {
    const name = resolverName(bridge);
    const lines = peers
      .filter((each) => !unavailable.includes(each.name))
      .flatMap((peer) => linesOf(peer, bridge));
    const text = [
      `# names of bridge ${bridge} of stack ${config.name}, written by baleine`,
      ...lines,
    ];
    return {
      address: addressOf('config', name),
      kind: 'config',
      name,
      spec: {
        dir: configDir(paths, config.name, name),
        file: FILE,
        text: `${text.join('\n')}\n`,
        reader: { id: idOf(config.name, name), signal: 'SIGHUP' },
      },
      needs: [],
      protect: false,
    };
  });
}

function linesOf({ farm, bridges }: Named, on: string): string[] {
  return bridges.flatMap(({ bridge, address, address6, names }) => {
    if (bridge !== on) return [];
    const all = new Set([...names, ...(farm === undefined ? [] : [farm])]);
    const own = [address, address6].filter((each) => each !== undefined);
    return own.map((each) => [each, ...all].join(' '));
  });
}
