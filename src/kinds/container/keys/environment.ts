import type { Scalar } from '../../../config/values.js';
import { pairsOf } from '../../../config/values.js';
import { resolvedKey, spec } from './key.js';

export const environment = resolvedKey({
  schema: { $ref: '#/definitions/environment' },
  read: (raw: Record<string, Scalar> | string[] | undefined, path, reading) =>
    pairsOf(raw, path, reading),
  as: 'environment',
  spec: spec<Record<string, string>>(),
  change: 'replace',
  release: true,
  flag: {
    flags: '-e, --env <K=V>',
    help: 'a variable; K alone takes ours; repeatable',
    repeatable: true,
    raw: (values) => (values as string[]).map(withValue),
  },
});

const withValue = (each: string) =>
  each.includes('=') ? each : `${each}=${process.env[each] ?? ''}`;
