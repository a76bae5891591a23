import { mapEntries } from '../../../config/values.js';
import type { Condition, DependencySpec } from '../../../model/container-values.js';
import { resolvedKey, spec } from './key.js';

type Raw = string[] | Record<string, { condition?: Condition } | null>;

export const depends_on = resolvedKey({
  schema: {
    description:
      'Containers of this file that must start first: a list, or a mapping with conditions.',
    anyOf: [
      { type: 'array', items: { type: 'string', $ref: '#/definitions/name' }, uniqueItems: true },
      {
        type: 'object',
        propertyNames: { $ref: '#/definitions/name' },
        additionalProperties: {
          description: 'When the dependency counts as satisfied.',
          anyOf: [
            {
              type: 'object',
              additionalProperties: false,
              properties: {
                condition: {
                  description: 'The dependency has started, is healthy, or has exited with 0.',
                  type: 'string',
                  enum: ['service_started', 'service_healthy', 'service_completed_successfully'],
                  default: 'service_started',
                },
              },
            },
            { type: 'null' },
          ],
        },
      },
    ],
  },
  read: (raw: Raw | undefined) => dependenciesOf(raw),
  as: 'depends_on',
  /** Absent when it takes no more than the order of starts. */
  spec: spec<DependencySpec[] | undefined>(),
  /** How another container is asked for its health is part of that one. */
  compared: (all) => all?.map(({ name, condition }) => ({ name, condition })),
  change: 'record',
  release: false,
});

function dependenciesOf(raw: Raw = []): Record<string, { condition: Condition }> {
  const entries = Array.isArray(raw) ? Object.fromEntries(raw.map((name) => [name, null])) : raw;
  return mapEntries(entries, (entry) => ({ condition: entry?.condition ?? 'service_started' }));
}
