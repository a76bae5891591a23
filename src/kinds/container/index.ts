import { addressOf } from '../../model/address.js';
import type { PublishEntry } from '../../model/config.js';
import { formatBytes } from '../../model/format.js';
import { describeFailures } from '../../model/health.js';
import { canonical } from '../../model/json.js';
import { formatHostPort, forwarderOf } from '../../model/publish.js';
import type { Column, Row } from '../../model/resource.js';
import type { ContainerFacts, ContainerSpec } from '../../model/specs.js';
import type { Kind } from '../kind.js';
import { compare } from './compare.js';
import { adopt, discoverOwned } from './discover-owned.js';
import { follow } from './follow.js';
import { assume, type ContainerSeen, observe } from './observe.js';
import { factUpdate, note } from './restart-decision.js';
import { create, remove, replacement, update, verify } from './steps.js';
import type { ContainerVerbs } from './verbs.js';

type ContainerColumn = Column<ContainerSpec, ContainerFacts>;

/** The original system's columns, then ours. */
const columns: ContainerColumn[] = [
  { header: 'PID', value: ({ facts }) => (facts.ended ? '' : (facts.pid ?? '')) },
  { header: 'NOM_CONTENNEUR', value: ({ name }) => name },
  { header: 'PROGRAMME LANCE', value: ({ spec }) => spec.args.join(' ') },
  { header: 'IMAGE', value: ({ spec }) => spec.image.name },
  {
    header: 'ADRESSES',
    value: ({ spec }) =>
      spec.links.map(({ bridge, address }) => `${bridge}=${address ?? ''}`).join(','),
  },
  { header: 'LIMITES', value: ({ spec }) => describeLimits(spec) },
  { header: 'DEMARRE', value: ({ facts }) => facts.started_at ?? '' },
  { header: 'REDEMARRAGES', value: ({ facts }) => facts.restarts ?? 0 },
  {
    header: 'SANTE',
    value: ({ facts }) => facts.halted ?? (facts.health ? describeFailures(facts.health) : ''),
  },
  { header: 'ETAT', value: describeState },
];

/** A process on its own copy of an image, in its own namespaces, on its bridges, within its limits. */
export const container: Kind<ContainerSpec, ContainerFacts, ContainerSeen, ContainerVerbs> = {
  name: 'container',
  table: { file: 'containers.csv', columns },
  identity: ({ id }) => id,
  observe,
  assume,
  foreign: () => undefined,
  discoverOwned,
  compare,
  factUpdate,
  note,
  follow,
  replacement,
  create,
  update,
  verify,
  remove,
  interrupts: (steps) => steps.some(({ verb }) => verb === 'container.stop'),
  adopt,
  alongside: (spec) => [...new Set(forwardedPorts(spec).map(forwarderOf))].flatMap(forwarding),
  preflight: async () => (await import('./preflight.js')).preflight,
  handlers: async (host, paths) => (await import('./handlers.js')).containerHandlers(host, paths),
};

const forwarding = (name: string) =>
  (['image', 'config', 'container'] as const).map((kind) => addressOf(kind, name));

/** It runs without the forwarder of its published ports, but to target it includes its ports. */
function forwardedPorts({ publish = [], sockets = [] }: ContainerSpec): PublishEntry[] {
  const own = new Set(sockets.map(formatHostPort));
  return publish.filter((each) => !own.has(formatHostPort(each)));
}

/** The last recorded state. */
function describeState({ spec, facts }: Row<ContainerSpec, ContainerFacts>): string {
  if (spec.stopped && !spec.one_off) return 'stopped';
  if (facts.ended) return facts.ended.code === undefined ? 'gone' : `exited ${facts.ended.code}`;
  return facts.pid === undefined ? '' : 'running';
}

function describeLimits({ limits }: ContainerSpec): string {
  return Object.entries(limits)
    .map(([name, value]) => `${name}=${limitText(name, value)}`)
    .join(',');
}

function limitText(name: string, value: unknown): string {
  if (name === 'memory') return formatBytes(Number(value));
  return typeof value === 'object' ? canonical(value) : String(value);
}
