import { plainKey } from './key.js';
import { type RawMount, tmpfsOf } from './volumes.js';

export const tmpfs = plainKey({
  schema: {
    description: 'In-memory folders: a path or a list of paths.',
    anyOf: [
      { type: 'array', items: { $ref: '#/definitions/inside' } },
      { $ref: '#/definitions/inside' },
    ],
  },
  read: (raw: string[] | string | undefined, path, reading, siblings): string[] => {
    const { volumes = [] } = siblings as { volumes?: RawMount[] };
    return [raw ?? [], tmpfsOf(volumes, [...path.slice(0, -1), 'volumes'], reading)].flat();
  },
  change: 'replace',
  release: true,
  flag: {
    flags: '--tmpfs <path[:options]>',
    help: 'a folder in memory; repeatable',
    repeatable: true,
  },
});
