import { plainKey } from './key.js';

export const tmpfs = plainKey({
  schema: {
    description: 'In-memory folders: a path or a list of paths.',
    anyOf: [
      { type: 'array', items: { $ref: '#/definitions/inside' } },
      { $ref: '#/definitions/inside' },
    ],
  },
  read: (raw: string[] | string | undefined): string[] => [raw ?? []].flat(),
  change: 'replace',
  release: true,
});
