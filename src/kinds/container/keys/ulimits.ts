import { mapEntries, type Ulimit, ulimitOf } from '../../../config/values.js';
import { plainKey } from './key.js';

export const ulimits = plainKey({
  schema: {
    description:
      'Resource limits of getrlimit(2): one number, or soft and hard; -1 means none. No more than the host allows baleine itself.',
    type: 'object',
    propertyNames: { $ref: '#/definitions/ulimit' },
    additionalProperties: { $ref: '#/definitions/ulimit_value' },
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

function flagOf(text: string): [string, number | Ulimit] {
  const [, name = text, soft = '', hard] = /^([^=]*)=([^:]*)(?::(.*))?$/.exec(text) ?? [];
  return [name, hard === undefined ? Number(soft) : { soft: Number(soft), hard: Number(hard) }];
}
