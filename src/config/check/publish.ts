import type { PublishEntry, PublishRequest } from '../../model/config.js';
import { parseSharing } from '../../model/namespaces.js';
import {
  activatedPorts,
  anyOf,
  FORWARDER,
  formatHostPort,
  isOpen,
  onBothFamilies,
  ownPorts,
  passesSockets,
  UDP_FORWARDER,
} from '../../model/publish.js';
import type { Problems } from '../problem.js';
import type { Service, ValidationContext } from './validation-context.js';

/** Published ports are usable, each by one container only. */
export function checkPublish(subject: ValidationContext): void {
  const services = subject.services.filter(({ entry }) => entry.publish);
  if (services.length === 0) return;
  checkReserved(subject);
  const taken = new Taken();
  for (const service of services) {
    const by = service.path.join('.');
    checkReach(service, subject);
    portsOf(service, subject).forEach((entry, index) => {
      if (isOpen(entry)) return;
      const at = [...service.path, 'publish', entry.at ?? index];
      const other = taken.find(entry);
      if (other)
        subject.problems.atValue(
          at,
          `${clash(entry, other.entry)} is already published by ${other.by}`,
        );
      taken.add({ entry, by });
    });
  }
}

/** As they will be open; of an external bridge, the file does not say whether it has IPv6. */
function portsOf({ entry }: Service, { bridges }: ValidationContext): PublishRequest[] {
  const { publish = [] } = entry;
  const isDual = Object.keys(entry.bridges).some((name) => {
    const bridge = Object.hasOwn(bridges, name) ? bridges[name] : undefined;
    return bridge && !bridge.external && bridge.subnet6 !== undefined;
  });
  return isDual ? onBothFamilies(publish) : publish;
}

interface Owned {
  entry: PublishEntry;
  by: string;
}

/** Published ports, indexed so that they need not be compared pairwise. */
class Taken {
  readonly #places = new Map<string, Owned>();
  /** The first entry of each port, regardless of its address. */
  readonly #ports = new Map<string, Owned>();

  find(entry: PublishEntry): Owned | undefined {
    if (isEverywhere(entry)) return this.#ports.get(everywhere(entry));
    return this.#places.get(formatHostPort(entry)) ?? this.#places.get(everywhere(entry));
  }

  add(owned: Owned): void {
    const { entry } = owned;
    if (!this.#places.has(formatHostPort(entry))) this.#places.set(formatHostPort(entry), owned);
    if (!this.#ports.has(everywhere(entry))) this.#ports.set(everywhere(entry), owned);
  }
}

const isEverywhere = ({ host_ip }: PublishEntry) => host_ip === anyOf(host_ip);

const everywhere = (entry: PublishEntry) =>
  formatHostPort({ ...entry, host_ip: anyOf(entry.host_ip) });

function clash(entry: PublishEntry, other: PublishEntry): string {
  const isAny = isEverywhere(other) && !isEverywhere(entry);
  const port = `${entry.published}${entry.protocol ? `/${entry.protocol}` : ''}`;
  return isAny ? `port ${port} of every address` : formatHostPort(entry);
}

/**
 * The forwarder runs on the host and reaches containers through a bridge with a host address; ports
 * that a proxy itself listens on do not involve it.
 */
function checkReach(service: Service, { bridges, problems }: ValidationContext): void {
  const { path, entry } = service;
  const at = [...path, 'publish'];
  checkReplicas(service, problems);
  checkProxyPorts(service, problems);
  checkActivated(service, problems);
  if (entry.publish?.length === ownPorts(entry).length) return;
  const reached = Object.keys(entry.bridges).some((name) => {
    const bridge = Object.hasOwn(bridges, name) ? bridges[name] : undefined;
    return !bridge || bridge.external === true || (bridge.host ?? bridge.host6) !== undefined;
  });
  if (reached) return;
  const message =
    'a container that publishes ports must be on a bridge where the host has an address';
  problems.atKey(at, message, 'give one of its bridges host: ADDRESS');
}

/** Each of several containers can have a port of its own if baleine chooses it. */
function checkReplicas({ path, entry, names }: Service, problems: Problems): void {
  const shared = entry.publish?.find((each) => path[0] === 'farms' || !isOpen(each));
  if (names.length < 2 || !shared) return;
  const message = `${names.length} replicas cannot share one port of the host`;
  problems.atKey([...path, 'publish'], message, shared.protocol ? SPREAD_UDP : SPREAD);
}

const SPREAD = 'a farm spreads requests: publish a port of its proxy';
const SPREAD_UDP =
  'a farm spreads TCP only: publish UDP of one container, or leave out the port of the host';

/** A proxy with a command of its own may be anything. */
function checkProxyPorts({ path, entry }: Service, problems: Problems): void {
  if (path[0] !== 'farms' || path[2] !== 'proxy' || entry.command || entry.entrypoint) return;
  entry.publish?.forEach(({ protocol, target, at }, index) => {
    if (!protocol) return;
    const message = `port ${target}/${protocol} cannot be published: the proxy of a farm has TCP ports only`;
    problems.atValue([...path, 'publish', at ?? index], message, 'publish UDP of a container');
  });
}

/** The program must get the sockets, and get nothing else of the host's network by them. */
function checkActivated(service: Service, problems: Problems): void {
  const { path, entry } = service;
  const [first] = activatedPorts(entry);
  if (!first) return;
  const at = [...path, 'publish', first.at ?? entry.publish?.indexOf(first) ?? 0];
  const [message, hint] = obstacleOf(service) ?? [];
  if (message !== undefined) problems.atValue(at, `socket_activation: ${message}`, hint);
}

function obstacleOf({ path, entry }: Service): [string, string] | undefined {
  const { command, entrypoint, runtime, wasm, init, pid, cap_add, userns } = entry;
  if (path[0] === 'farms') {
    if (path[2] !== 'proxy') return ['the servers of a farm share no socket', FARM];
    if (!command && !entrypoint) return ['the proxy of a farm has sockets of its own', TARGET];
  }
  if (!passesSockets(runtime)) {
    return [`runtime ${runtime} passes no sockets on`, 'crun and runc do'];
  }
  if (wasm) return ['crun passes no sockets on to a WebAssembly module', REMOVE];
  // LISTEN_PID, with which a program recognizes that the sockets are for it
  if (init) return ['they would be those of init', 'remove init'];
  if (parseSharing(pid)) {
    return [`with pid: ${pid} its program is not process 1, to which sockets are given`, REMOVE];
  }
  const administers = cap_add.some((each) => each === 'ALL' || each === 'CAP_NET_ADMIN');
  if (administers && userns === undefined) {
    return ['with NET_ADMIN a socket of the host is enough to change the network of the host', IDS];
  }
  return undefined;
}

const FARM = 'publish a port of the proxy';
const TARGET = 'write target: PORT instead, as listen, tls.listen or stats has it';
const REMOVE = 'remove one of both';
const IDS = 'remove NET_ADMIN, or add userns: auto';

/** Whichever protocol is published: the other one may follow. */
function checkReserved({ services, images, problems }: ValidationContext): void {
  const why = 'is what carries published ports; choose another name';
  for (const reserved of [FORWARDER, UDP_FORWARDER]) {
    for (const { path, names } of services) {
      if (names.includes(reserved)) problems.atKey(path, `container ${reserved} ${why}`);
    }
    if (Object.hasOwn(images, reserved)) {
      problems.atKey(['images', reserved], `image ${reserved} ${why}`);
    }
  }
}
