import type { Path } from '../../../config/document.js';
import { mapEntries, type ParseContext } from '../../../config/values.js';
import { plainKey } from './key.js';

interface Ulimit {
  soft: number;
  hard: number;
}

const NUMBER = {
  type: 'integer',
  minimum: -1,
  maximum: 9007199254740991,
  errorMessage: 'must be a whole number, or -1 for no limit',
};

export const ulimits = plainKey({
  schema: {
    description:
      'Resource limits of getrlimit(2): one number, or soft and hard; -1 means none. No more than the host allows baleine itself.',
    type: 'object',
    propertyNames: { $ref: '#/definitions/ulimit' },
    additionalProperties: {
      description: 'One number for both, or soft and hard.',
      anyOf: [
        NUMBER,
        {
          description: 'Soft and hard limit.',
          type: 'object',
          additionalProperties: false,
          required: ['soft', 'hard'],
          properties: {
            soft: {
              description: 'The limit in effect, which the program may raise.',
              ...NUMBER,
            },
            hard: {
              description: 'The maximum to which the program may raise it.',
              ...NUMBER,
            },
          },
        },
      ],
    },
  },
  read: (raw: Record<string, number | Ulimit> | undefined, path, reading): Record<string, Ulimit> =>
    mapEntries(raw, (limit, name) => ulimitOf(limit, [...path, name], reading)),
  change: 'replace',
  release: true,
  flag: {
    flags: '--ulimit <name=soft[:hard]>',
    help: 'such as nofile=1024:4096; -1 for none; repeatable',
    repeatable: true,
    raw: (values) => Object.fromEntries((values as string[]).map(flagOf)),
  },
});

function ulimitOf(raw: number | Ulimit, path: Path, { problems }: ParseContext): Ulimit {
  const { soft, hard } = typeof raw === 'number' ? { soft: raw, hard: raw } : raw;
  const above = hard !== -1 && (soft === -1 || soft > hard);
  if (above) problems.atValue(path, `the soft limit ${soft} is above the hard limit ${hard}`);
  return { soft, hard };
}

function flagOf(text: string): [string, number | Ulimit] {
  const [, name = text, soft = '', hard] = /^([^=]*)=([^:]*)(?::(.*))?$/.exec(text) ?? [];
  return [name, hard === undefined ? Number(soft) : { soft: Number(soft), hard: Number(hard) }];
}
