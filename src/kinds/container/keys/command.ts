import type { Scalar } from '../../../config/values.js';
import { argumentsOf } from '../../../config/values.js';
import { resolvedKey, spec } from './key.js';

export const command = resolvedKey({
  schema: {
    description: "The command, appended to the entrypoint. Default: the image's.",
    $ref: '#/definitions/command',
  },
  read: (raw: Scalar[] | string | undefined, path, reading) => argumentsOf(raw, path, reading),
  as: 'args',
  /** The whole argument vector: entrypoint and command, Docker's override rules applied. */
  spec: spec<string[]>(),
  change: 'replace',
  release: true,
  oci: (args) => ({ process: { args } }),
});
