import type { Path } from '../../../config/document.js';
import {
  argumentsOf,
  defined,
  type ParseContext,
  pairsOf,
  type Scalar,
  userOf,
} from '../../../config/values.js';
import type { Hook } from '../../../model/container-values.js';

export interface RawHook {
  command: Scalar[] | string;
  user?: string | number;
  working_dir?: string;
  environment?: Record<string, Scalar> | string[];
  privileged?: false;
}

/** The schema of a list of commands that run inside the container. */
export const hooksSchema = (description: string) => ({
  description,
  type: 'array',
  maxItems: 32,
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['command'],
    properties: {
      command: { $ref: '#/definitions/command' },
      user: { description: "Default: the container's.", $ref: '#/definitions/user' },
      working_dir: { description: "Default: the container's.", $ref: '#/definitions/inside' },
      environment: {
        description: "Added to the container's: a mapping, or a list of KEY=VALUE.",
        $ref: '#/definitions/environment',
      },
      privileged: {
        description: 'Always false: a command never has more rights than its container.',
        type: 'boolean',
        enum: [false],
        errorMessage:
          'must be false (a command never has more rights than its container, which has cap_add)',
      },
    },
  },
});

/** Undefined for none: specs without the key are recorded as ever. */
export function hooksOf(
  raw: RawHook[] | undefined,
  path: Path,
  reading: ParseContext,
): Hook[] | undefined {
  if (!raw || raw.length === 0) return undefined;
  return raw.map(({ command, user, working_dir, environment }, index) => {
    const at = [...path, index];
    const words = argumentsOf(command, [...at, 'command'], reading) ?? [];
    if (words.length === 0) {
      const hint = 'as in command: [program, argument]';
      reading.problems.atKey([...at, 'command'], 'the command is empty', hint);
    }
    return defined({
      command: words,
      user: userOf(user, [...at, 'user'], reading),
      working_dir,
      environment: environment && pairsOf(environment, [...at, 'environment'], reading),
    });
  });
}
