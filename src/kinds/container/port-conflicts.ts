import type { Capacity, Listener } from '../../host/ports.js';
import { addressOf } from '../../model/address.js';
import type { Config, PublishEntry, PublishRequest } from '../../model/config.js';
import { UserError } from '../../model/errors.js';
import { parseId } from '../../model/install-paths.js';
import type { Plan } from '../../model/plan.js';
import {
  anyOf,
  FORWARDER,
  formatHostPort,
  hostPortsConflict,
  UDP_FORWARDER,
} from '../../model/publish.js';
import type { ContainerSpec } from '../../model/specs.js';

type Network = Pick<Capacity, 'addresses' | 'listener'>;
type Path = readonly (string | number)[];

/** Whether the plan opens published ports that are not open yet. */
export function opensPorts({ changes, units }: Plan): boolean {
  const starts = units.some(
    ({ mode, spec, steps }) =>
      mode === 'put' &&
      (spec as Partial<ContainerSpec>).sockets &&
      steps.some(({ verb }) => verb === 'container.start'),
  );
  return starts || forwarderOpens(changes);
}

/** Whether a forwarder is started or its ports change. */
function forwarderOpens(changes: Plan['changes']): boolean {
  return changes.some(
    ({ address, action }) =>
      FORWARDING.includes(address) && action !== 'delete' && action !== 'forget',
  );
}

const FORWARDING = [FORWARDER, UDP_FORWARDER].flatMap((name) => [
  addressOf('container', name),
  addressOf('config', name),
]);

/**
 * Rejects published ports that are in use, all at once and each with its position in the file and
 * the current listener, and addresses that the host neither has nor gets from this file.
 */
export function checkPublishedPorts(config: Config, capacity: Network): void {
  const addresses = new Set([...capacity.addresses(), ...bridgeAddresses(config)]);
  const conflicts = publishedPorts(config).flatMap(({ at, entry }) => {
    const cause = conflictOf(entry, config.name, addresses, capacity);
    return cause === undefined
      ? []
      : [`${config.where(at)}: cannot publish ${formatHostPort(entry)}: ${cause}`];
  });
  if (conflicts.length === 0) return;
  throw new UserError(conflicts, 'Publish another port, or stop the process that uses it.');
}

/**
 * Rejects ports of a one-off container that anybody listens on, its own stack included.
 *
 * @throws UserError with the current listeners
 */
export function refuseTakenPorts(
  ports: readonly PublishEntry[],
  config: Config,
  capacity: Network,
  purpose: string,
): void {
  const addresses = new Set([...capacity.addresses(), ...bridgeAddresses(config)]);
  const taken = ports.flatMap((entry) => {
    const cause = conflictOf(entry, undefined, addresses, capacity);
    if (cause === undefined) return [];
    const publisher = publishedPorts(config).find((each) => hostPortsConflict(each.entry, entry));
    const whose = publisher ? `, for ${publisher.at.slice(1, -2).join('.')}` : '';
    return [`cannot ${purpose}: cannot publish ${formatHostPort(entry)}: ${cause}${whose}`];
  });
  if (taken.length === 0) return;
  throw new UserError(
    taken,
    'Publish another port, as with -p 8081:80, or stop what listens there.',
  );
}

function conflictOf(
  { host_ip, published: port, protocol }: PublishEntry,
  stack: string | undefined,
  addresses: ReadonlySet<string>,
  capacity: Network,
): string | undefined {
  const local = host_ip === anyOf(host_ip) || host_ip.startsWith('127.') || addresses.has(host_ip);
  if (!local) return `${host_ip} is not an address of this host`;
  const holder = capacity.listener(host_ip, port, protocol);
  const ours = stack !== undefined && parseId(holder?.container ?? '')?.stack === stack;
  return holder && !ours ? `${nameOf(holder)} listens there` : undefined;
}

/** `nginx (process 412)`, `container web of stack shop (haproxy, process 412)`. */
function nameOf({ pid, program, container }: Listener): string {
  if (pid === undefined) return 'a process that cannot be seen';
  const parts = parseId(container ?? '');
  if (!parts) return `${program} (process ${pid})`;
  return `container ${parts.name} of stack ${parts.stack} (${program}, process ${pid})`;
}

function publishedPorts({ containers, farms }: Config): { at: Path; entry: PublishEntry }[] {
  const services: [Path, { publish?: PublishRequest[] }][] = [
    ...Object.entries(containers).map(([name, entry]): [Path, typeof entry] => [
      ['containers', name],
      entry,
    ]),
    ...Object.entries(farms).flatMap(
      ([name, { servers, proxy }]): [Path, typeof servers | typeof proxy][] => [
        [['farms', name, 'servers'], servers],
        [['farms', name, 'proxy'], proxy],
      ],
    ),
  ];
  return services.flatMap(([path, { publish = [] }]) =>
    publish.map((entry, index) => ({ at: [...path, 'publish', entry.at ?? index], entry })),
  );
}

function bridgeAddresses({ bridges }: Config): string[] {
  return Object.values(bridges).flatMap((each) =>
    each.external ? [] : [each.host, each.host6].filter((address) => address !== undefined),
  );
}
