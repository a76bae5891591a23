import type { ContainerFacts, ContainerSpec } from '../../model/specs.js';
import type { Kind } from '../kind.js';
import { columns } from './columns.js';
import { compare } from './compare.js';
import { marked } from './marked.js';
import { assume, type ContainerSeen, observe } from './observe.js';
import { learn, note } from './outlook.js';
import { create, remove, update, verify } from './steps.js';
import type { ContainerVerbs } from './verbs.js';

/** A process on its own copy of an image, in its own namespaces, on its bridges, within its limits. */
export const container: Kind<ContainerSpec, ContainerFacts, ContainerSeen, ContainerVerbs> = {
  name: 'container',
  table: { file: 'containers.csv', columns },
  identity: ({ id }) => id,
  observe,
  assume,
  foreign: () => undefined,
  marked,
  compare,
  learn,
  note,
  create,
  update,
  verify,
  remove,
  interrupts: (steps) => steps.some(({ verb }) => verb === 'container.stop'),
  adopt: async (...args) => (await import('./adopt.js')).adopt(...args),
  handlers: async (host, site) => (await import('./handlers.js')).containerHandlers(host, site),
};
