import { defined } from '../../../config/values.js';
import { unrecordedKey } from './key.js';

interface Raw {
  constraints?: string[];
  spread?: string[];
  max_per_node?: number;
  each_node?: boolean;
}

export const placement = unrecordedKey({
  schema: {
    description: 'With `engine: swarm`: on which nodes it runs. One host has no choice.',
    type: 'object',
    additionalProperties: false,
    properties: {
      constraints: {
        description: 'Conditions that a node must meet, such as `node.labels.disk == ssd`.',
        type: 'array',
        maxItems: 50,
        items: {
          type: 'string',
          pattern: '^\\s*[A-Za-z][A-Za-z0-9._-]*\\s*(==|!=)\\s*\\S.*$',
          errorMessage: 'must be like node.labels.disk == ssd',
        },
      },
      spread: {
        description: 'Labels, such as `node.labels.zone`, over whose values it is spread evenly.',
        type: 'array',
        maxItems: 10,
        items: { type: 'string', minLength: 1, maxLength: 200 },
      },
      max_per_node: {
        description: 'Most instances on one node. Default: any number.',
        type: 'integer',
        minimum: 1,
        maximum: 1000,
      },
      each_node: {
        description: 'One instance on each node that meets the constraints, instead of `replicas`.',
        type: 'boolean',
        default: false,
      },
    },
  },
  read: (raw: Raw | undefined) =>
    raw &&
    defined({
      constraints: (raw.constraints ?? []).map((each) => each.trim()),
      spread: raw.spread ?? [],
      max_per_node: raw.max_per_node,
      each_node: raw.each_node || undefined,
    }),
});
