import type { Capacity } from '../../host/ports.js';
import type { Config, ContainerEntry, PublishEntry, PublishRequest } from '../../model/config.js';
import { UserError } from '../../model/errors.js';
import { digest } from '../../model/json.js';
import {
  ANY_ADDRESS,
  ANY_ADDRESS6,
  formatPublished,
  hostPortsConflict,
  isOpen,
  onBothFamilies,
} from '../../model/publish.js';
import type { Row } from '../../model/resource.js';
import type { BridgeSpec, ContainerSpec } from '../../model/specs.js';

/**
 * Ports that baleine chooses from: above those that Linux gives to outgoing connections
 * (net.ipv4.ip_local_port_range in Linux's ip-sysctl.rst: 32768 to 60999).
 */
const FREE = { first: 61_000, last: 65_535 };

type Path = readonly (string | number)[];

interface Service {
  path: Path;
  entry: ContainerEntry;
  /** Its containers: one, or its replicas. */
  names: string[];
}

/**
 * The config with a port of the host for each that it leaves to baleine: the recorded one of that
 * container; else one that nobody publishes or listens on. Where the search begins follows from the
 * names, so that a container that is made again gets the same one where possible.
 *
 * @throws UserError with the position of a port for which none is left
 */
export function withHostPorts(
  config: Config,
  rows: readonly Row[],
  listener: Capacity['listener'],
): Config {
  return withFamilies(withChosenPorts(config, rows, listener), rows);
}

/** Ports without an address of the host are open on IPv6, too, where the container has it. */
function withFamilies(config: Config, rows: readonly Row[]): Config {
  const changed = new Map<ContainerEntry, PublishRequest[]>();
  for (const { entry } of servicesOf(config)) {
    if (!entry.publish || !hasIpv6(entry, config, rows)) continue;
    const both = onBothFamilies(entry.publish);
    if (both.length > entry.publish.length) changed.set(entry, both);
  }
  return changed.size === 0 ? config : withPublish(config, changed);
}

/** Whether it gets an IPv6 address. */
function hasIpv6({ bridges }: ContainerEntry, config: Config, rows: readonly Row[]): boolean {
  return Object.keys(bridges).some((name) => {
    const bridge = config.bridges[name];
    if (bridge && !bridge.external) return bridge.subnet6 !== undefined;
    const known = bridge?.name ?? name;
    return rows.some(
      ({ kind, name, spec }) =>
        kind === 'bridge' && name === known && (spec as Partial<BridgeSpec>).subnet6 !== undefined,
    );
  });
}

function withChosenPorts(
  config: Config,
  rows: readonly Row[],
  listener: Capacity['listener'],
): Config {
  const services = servicesOf(config);
  const open = services.filter(({ entry }) => entry.publish?.some(isOpen));
  if (open.length === 0) return config;
  const recorded = recordedPorts(rows);
  const declared = services.map(({ entry }) =>
    (entry.publish ?? []).filter((each) => !isOpen(each)),
  );
  const fixed = new TakenPorts(declared);
  const taken = new TakenPorts([...recorded.values(), ...declared]);
  const chosen = new Map<ContainerEntry, PublishRequest[]>();
  for (const service of open) {
    const { entry, names } = service;
    const { publish = [] } = entry;
    const both = hasIpv6(entry, config, rows);
    const own = names.flatMap((name, index) => {
      const own = recorded.get(`${config.name}/${name}`) ?? [];
      const kept = keptPorts(
        publish,
        own.filter((each) => !fixed.conflicts(each)),
      );
      return publish.filter(isOpen).map((each): PublishRequest => {
        const isFree = (address: string, port: number) =>
          !listener(address, port, each.protocol) &&
          (address !== ANY_ADDRESS || !both || !listener(ANY_ADDRESS6, port, each.protocol));
        const published = kept.get(each) ?? freePort(each, name, service, config, taken, isFree);
        const { last: _last, ...rest } = each;
        taken.add({ ...rest, published });
        const at = each.at ?? publish.indexOf(each);
        const replica = entry.replicas === undefined ? {} : { replica: index + 1 };
        return { ...rest, published, at, ...replica };
      });
    });
    chosen.set(entry, inOrder(publish, own));
  }
  return withPublish(config, chosen);
}

/** The chosen ports at the places of the open ones. */
function inOrder(publish: PublishRequest[], own: PublishRequest[]): PublishRequest[] {
  const count = publish.filter(isOpen).length;
  let next = 0;
  return publish.flatMap((each, index) => {
    if (!isOpen(each)) return [{ ...each, at: each.at ?? index }];
    const place = next;
    next += 1;
    return own.filter((_, number) => number % count === place);
  });
}

/** The recorded ports of a container that its open ones keep; those are not declared elsewhere. */
function keptPorts(
  publish: PublishRequest[],
  recorded: PublishEntry[],
): ReadonlyMap<PublishRequest, number> {
  const left = [...recorded];
  const kept = new Map<PublishRequest, number>();
  for (const each of publish.filter(isOpen)) {
    const index = left.findIndex((other) => fits(other, each));
    const [found] = index < 0 ? [] : left.splice(index, 1);
    if (found) kept.set(each, found.published);
  }
  return kept;
}

function fits(recorded: PublishEntry, wanted: PublishRequest): boolean {
  const { first, last } = rangeOf(wanted);
  const { host_ip, target, protocol, published } = recorded;
  const isSame =
    host_ip === wanted.host_ip && target === wanted.target && protocol === wanted.protocol;
  return isSame && first <= published && published <= last;
}

const rangeOf = ({ published, last }: PublishRequest) =>
  last === undefined ? FREE : { first: published, last };

function freePort(
  wanted: PublishRequest,
  name: string,
  { path, entry }: Service,
  config: Config,
  taken: TakenPorts,
  isFree: (address: string, port: number) => boolean,
): number {
  const { first, last } = rangeOf(wanted);
  const isAny = wanted.last === undefined;
  const count = last - first + 1;
  const { host_ip, target, protocol } = wanted;
  const key = `${config.name}/${name}/${host_ip}/${target}/${protocol ?? 'tcp'}`;
  const start = isAny ? Number.parseInt(digest(key, 8), 16) % count : 0;
  for (let i = 0; i < count; i += 1) {
    const port = { ...wanted, published: first + ((start + i) % count) };
    const { published } = port;
    if (isAny ? taken.hasNumber(published) : taken.conflicts(port)) continue;
    if (isFree(host_ip, published)) return published;
  }
  const at = [...path, 'publish', wanted.at ?? entry.publish?.indexOf(wanted) ?? 0];
  const what = formatPublished({ ...wanted, published: 0 }).replace(/^.*:/, '');
  throw new UserError(
    `${config.where(at)}: cannot publish port ${what} of container ${name}: each of ${first} to ${last} is in use`,
    'Name a port of the host, or a larger range.',
  );
}

/** Ports of the host that containers publish, of all stacks. */
class TakenPorts {
  readonly #ports = new Map<number, PublishEntry[]>();

  constructor(all: PublishEntry[][]) {
    for (const each of all.flat()) this.add(each);
  }

  add(entry: PublishEntry): void {
    const others = this.#ports.get(entry.published);
    if (others) others.push(entry);
    else this.#ports.set(entry.published, [entry]);
  }

  hasNumber(port: number): boolean {
    return this.#ports.has(port);
  }

  conflicts(entry: PublishEntry): boolean {
    return (
      this.#ports.get(entry.published)?.some((each) => hostPortsConflict(each, entry)) ?? false
    );
  }
}

/** By `stack/name`; those of containers about to be deleted are still in use. */
function recordedPorts(rows: readonly Row[]): Map<string, PublishEntry[]> {
  const ports = new Map<string, PublishEntry[]>();
  for (const row of rows) {
    const { publish = [] } = row.spec as Partial<ContainerSpec>;
    if (row.kind !== 'container' || publish.length === 0) continue;
    ports.set(`${row.stack}/${row.name}`, publish);
  }
  return ports;
}

function servicesOf({ containers, farms }: Config): Service[] {
  const numbered = (name: string, count: number) =>
    Array.from({ length: count }, (_, index) => `${name}-${index + 1}`);
  return [
    ...Object.entries(containers).map(([name, entry]) => ({
      path: ['containers', name],
      entry,
      names: entry.replicas === undefined ? [name] : numbered(name, entry.replicas),
    })),
    ...Object.entries(farms).flatMap(([name, { servers, proxy }]) => [
      {
        path: ['farms', name, 'servers'],
        entry: servers,
        names: numbered(`${name}-server`, servers.replicas ?? 1),
      },
      { path: ['farms', name, 'proxy'], entry: proxy, names: [`${name}-proxy`] },
    ]),
  ];
}

function withPublish(
  config: Config,
  chosen: ReadonlyMap<ContainerEntry, PublishRequest[]>,
): Config {
  const changed = <Entry extends ContainerEntry>(entry: Entry): Entry => {
    const publish = chosen.get(entry);
    return publish ? { ...entry, publish } : entry;
  };
  const containers = Object.entries(config.containers).map(([name, entry]) => [
    name,
    changed(entry),
  ]);
  const farms = Object.entries(config.farms).map(([name, { servers, proxy, ...farm }]) => [
    name,
    { ...farm, servers: changed(servers), proxy: changed(proxy) },
  ]);
  return {
    ...config,
    containers: Object.fromEntries(containers),
    farms: Object.fromEntries(farms),
  };
}
