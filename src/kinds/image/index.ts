import type { ImageFacts, ImageSpec } from '../../model/specs.js';
import type { Kind } from '../kind.js';
import { columns } from './columns.js';
import { compare, irrecoverable } from './compare.js';
import { marked } from './marked.js';
import { assume, foreign, type ImageSeen, observe } from './observe.js';
import { create, remove, update } from './steps.js';
import type { ImageVerbs } from './verbs.js';

/** One ext4 file that containers start on copies of. */
export const image: Kind<ImageSpec, ImageFacts, ImageSeen, ImageVerbs> = {
  name: 'image',
  table: { file: 'images.csv', columns },
  identity: ({ id }) => id,
  observe,
  assume,
  foreign,
  marked,
  compare,
  irrecoverable,
  create,
  update,
  remove,
  adopt: async (...args) => (await import('./adopt.js')).adopt(...args),
  handlers: async (host) => (await import('./handlers.js')).imageHandlers(host),
};
