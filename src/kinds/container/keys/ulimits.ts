import { mapEntries } from '../../../config/values.js';
import { plainKey } from './key.js';

interface Ulimit {
  soft: number;
  hard: number;
}

export const ulimits = plainKey({
  schema: {
    description: 'Resource limits of getrlimit(2): one number, or soft and hard.',
    type: 'object',
    propertyNames: { $ref: '#/definitions/ulimit' },
    additionalProperties: {
      description: 'One number for both, or soft and hard.',
      anyOf: [
        { type: 'integer', minimum: 0, maximum: 9007199254740991 },
        {
          description: 'Soft and hard limit.',
          type: 'object',
          additionalProperties: false,
          required: ['soft', 'hard'],
          properties: {
            soft: {
              description: 'The limit in effect, which the program may raise.',
              type: 'integer',
              minimum: 0,
              maximum: 9007199254740991,
            },
            hard: {
              description: 'The maximum to which the program may raise it.',
              type: 'integer',
              minimum: 0,
              maximum: 9007199254740991,
            },
          },
        },
      ],
    },
  },
  read: (raw: Record<string, number | Ulimit> | undefined): Record<string, Ulimit> =>
    mapEntries(raw, (limit) => (typeof limit === 'number' ? { soft: limit, hard: limit } : limit)),
  change: 'replace',
  release: true,
});
