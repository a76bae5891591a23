import { defined, mapEntries } from '../../../config/values.js';
import type { Condition, DependencySpec } from '../../../model/container-values.js';
import { resolvedKey, spec } from './key.js';

interface RawDependency {
  condition?: Condition;
  required?: boolean;
  restart?: boolean;
}

type Raw = string[] | Record<string, RawDependency | null>;

/** How a container depends on another one; each property is absent by default. */
interface Dependency {
  condition: Condition;
  required?: false;
  restart?: true;
}

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
                required: {
                  description:
                    'false: it starts, with a warning, even if the dependency fails, is not in the file or does not meet the condition.',
                  type: 'boolean',
                  default: true,
                },
                restart: {
                  description:
                    'true: it restarts after the dependency is changed, replaced or restarted on request, but not after one that ended is started again.',
                  type: 'boolean',
                  default: false,
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
  compared: (all) =>
    all?.map(({ name, condition, required, restart }) =>
      defined({ name, condition, required, restart }),
    ),
  change: 'record',
  release: false,
});

function dependenciesOf(raw: Raw = []): Record<string, Dependency> {
  const entries = Array.isArray(raw) ? Object.fromEntries(raw.map((name) => [name, null])) : raw;
  return mapEntries(entries, (entry) => ({
    condition: entry?.condition ?? 'service_started',
    ...(entry?.required === false && { required: false }),
    ...(entry?.restart === true && { restart: true }),
  }));
}
