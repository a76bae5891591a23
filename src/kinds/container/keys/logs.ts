import { sizeOf } from '../../../config/values.js';
import { plainKey } from './key.js';

/** Bytes. */
const LOG_SIZE = 10 * 1024 ** 2;

export const logs = plainKey({
  schema: {
    description: 'Log settings.',
    type: 'object',
    additionalProperties: false,
    properties: {
      max_size: {
        description: 'Maximum size of the log, at least 4K. Default: 10M.',
        $ref: '#/definitions/size',
      },
    },
  },
  read: (raw: { max_size?: string | number } | undefined, path, reading) => ({
    max_size: sizeOf(raw?.max_size, [...path, 'max_size'], reading) ?? LOG_SIZE,
  }),
  change: 'replace',
  release: true,
});
