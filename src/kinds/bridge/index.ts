import type { BridgeSpec } from '../../model/specs.js';
import type { Kind } from '../kind.js';
import { columns } from './columns.js';
import { compare } from './compare.js';
import { marked } from './marked.js';
import { assume, type BridgeSeen, foreign, observe } from './observe.js';
import { create, remove, update } from './steps.js';
import type { BridgeVerbs } from './verbs.js';

/** A Linux bridge, on which containers, the host and an interface of the host can meet. */
export const bridge: Kind<BridgeSpec, unknown, BridgeSeen, BridgeVerbs> = {
  name: 'bridge',
  table: { file: 'bridges.csv', columns },
  identity: ({ link }) => link,
  observe,
  assume,
  foreign,
  marked,
  compare,
  create,
  update,
  remove,
  adopt: async (...args) => (await import('./adopt.js')).adopt(...args),
  handlers: async (host) => (await import('./handlers.js')).bridgeHandlers(host),
};
