import type { ImageFacts, ImageSpec } from '../../model/specs.js';
import type { Kind } from '../kind.js';
import { columns } from './columns.js';
import { compare, irrecoverable } from './compare.js';
import { adopt, assume, discoverOwned, foreign, type ObservedImage, observe } from './observe.js';
import type { ImageVerbs } from './steps.js';
import { create, remove, update } from './steps.js';

/** An ext4 file; containers run on copies of it. */
export const image: Kind<ImageSpec, ImageFacts, ObservedImage, ImageVerbs> = {
  name: 'image',
  table: { file: 'images.csv', columns },
  identity: ({ id }) => id,
  observe,
  assume,
  foreign,
  discoverOwned,
  compare,
  irrecoverable,
  create,
  update,
  remove,
  adopt,
  handlers: async (host) => (await import('./handlers.js')).imageHandlers(host),
};
