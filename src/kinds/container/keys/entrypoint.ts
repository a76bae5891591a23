import type { Scalar } from '../../../config/values.js';
import { argumentsOf } from '../../../config/values.js';
import { resolvedKey, spec } from './key.js';

export const entrypoint = resolvedKey({
  schema: {
    description: "The entrypoint. Default: the image's. Setting it discards the image's command.",
    $ref: '#/definitions/command',
  },
  read: (raw: Scalar[] | string | undefined, path, reading) => argumentsOf(raw, path, reading),
  as: 'entrypoint_length',
  /** How many of `args` are the entrypoint's, when the container has one of its own; `commit` asks. */
  spec: spec<number | undefined>(),
  // where it ends in `args` makes no other process
  change: 'none',
  release: true,
  flag: {
    flags: '--entrypoint <program>',
    help: 'instead of the image’s',
    raw: (value) => (value === '' ? [] : [value]),
  },
});
