import { IMPERATIVE_STACK } from '../../model/address.js';
import type { PublishEntry } from '../../model/config.js';
import { describeExit } from '../../model/exit.js';
import type { ListedContainer } from '../../model/listed-container.js';
import { anyOf, inBrackets } from '../../model/publish.js';
import type { BridgeNode, ContainerNode, Severity, Topology } from '../../model/topology.js';
import type { Line } from './picture.js';

/** `running, healthy`, `exited (137 SIGKILL)`, `2 of 3 tasks`: the state in the shortest form. */
export function stateText(each: ListedContainer & Pick<ContainerNode, 'tasks'>): string {
  const {
    status,
    exit_code: code,
    out_of_memory: outOfMemory = false,
    health,
    halted,
    held,
    tasks,
  } = each;
  const ended = code === undefined ? '' : ` (${describeExit({ code, outOfMemory })})`;
  return [
    tasks ? `${tasks.running} of ${tasks.desired} tasks` : `${status}${ended}`,
    ...(health ? [health.status] : []),
    ...(halted === undefined ? [] : ['halted']),
    ...(held === undefined ? [] : ['rolled back']),
  ].join(', ');
}

/** `8080 → 80`, from one address of the host `127.0.0.1:8080 → 80`; `8080` is a socket of the host. */
export function publishWords(entry: PublishEntry): string {
  const { host_ip: address, published, target, protocol, socket_activation } = entry;
  const place = `${address === anyOf(address) ? '' : `${inBrackets(address)}:`}${published}`;
  if (socket_activation !== undefined) return place;
  return `${place} → ${target}${protocol ? `/${protocol}` : ''}`;
}

/** The labels of a bridge: `10.77.1.0/24`, `host 10.77.1.1`, `isolated`. */
export function bridgeLabels({ state, subnet, host, uplink, isolated, owner }: BridgeNode) {
  return {
    subnet: subnet ?? 'no subnet',
    marks: [
      ...(state === 'up' ? [] : [state]),
      ...(host === undefined ? [] : [`host ${host}`]),
      ...(uplink === undefined ? [] : [`uplink ${uplink}`]),
      ...(isolated ? ['isolated'] : []),
      ...(owner === undefined
        ? []
        : [owner === IMPERATIVE_STACK ? 'imperative' : `of stack ${owner}`]),
    ],
  };
}

const TONES: [Severity, string][] = [
  ['good', 'ok'],
  ['wait', 'waiting'],
  ['bad', 'failing'],
  ['idle', 'idle'],
];

/** Number of containers in each state, without zeros. */
export function severityCounts({
  containers,
}: Topology): { tone: Severity; count: number; word: string }[] {
  return TONES.map(([tone, word]) => ({
    tone,
    word,
    count: containers.filter((each) => each.tone === tone).length,
  })).filter(({ count }) => count > 0);
}

/** `4 containers: 3 ok, 1 failing`. */
export function summaryText(topology: Topology): string {
  const { containers } = topology;
  const { length } = containers;
  const what = containers.some(({ tasks }) => tasks) ? 'service' : 'container';
  const counts = severityCounts(topology).map(({ count, word }) => `${count} ${word}`);
  const all = `${length} ${what}${length === 1 ? '' : 's'}`;
  return length === 0 ? 'no containers' : `${all}: ${counts.join(', ')}`;
}

export function farmText({ servers }: { servers: string[] }, { containers }: Topology): string {
  const good = containers.filter(({ name, tone }) => tone === 'good' && servers.includes(name));
  return `${good.length} of ${servers.length} ok`;
}

/** Addresses first, by the distance of their bridges from the host. */
export function linesOf(container: ContainerNode, { bridges, farms }: Topology): Line[] {
  const { name, addresses, publish, volumes } = container;
  const proxied = farms.filter(({ proxy }) => proxy === name);
  return [
    ...bridges
      .filter((bridge) => bridge.name in addresses)
      .map((bridge): Line => {
        return { kind: 'address', bridge: bridge.name, text: addresses[bridge.name] ?? '' };
      }),
    ...[...new Set(publish.map(publishWords))].map((text): Line => ({ kind: 'publish', text })),
    ...proxied.map((farm): Line => ({ kind: 'proxy', text: `proxy of ${farm.name}` })),
    ...(volumes.length > 0 ? [{ kind: 'volume', text: volumes.join(', ') } as const] : []),
  ];
}
