import { posix } from 'node:path';
import type { Path } from '../../../config/document.js';
import type { ParseContext } from '../../../config/values.js';
import type { FileReference, FileSection } from '../../../model/container-values.js';

export type RawReference =
  | string
  | {
      source: string;
      target?: string;
      uid?: string | number;
      gid?: string | number;
      mode?: string | number;
    };

const FOLDER = { secrets: '/run/secrets', configs: '/' };
const READABLE = 0o444;

/** The schema of the key of a container: the short and the long form of the Compose specification. */
export function referencesSchema(section: FileSection, description: string) {
  const id = (what: string) => ({
    description: `Its ${what} inside, a number. Default: that of the container's user.`,
    type: ['string', 'integer'],
    pattern: '^[0-9]{1,10}$',
    minimum: 0,
    maximum: 4_294_967_294,
    errorMessage: 'must be a number',
  });
  return {
    description,
    type: 'array',
    items: {
      anyOf: [
        { $ref: '#/definitions/filename' },
        {
          type: 'object',
          additionalProperties: false,
          required: ['source'],
          properties: {
            source: {
              description: `Its name in the section \`${section}\`.`,
              $ref: '#/definitions/filename',
            },
            target: {
              description: `Its path inside; relative to \`${FOLDER[section]}\`. Default: its name.`,
              type: 'string',
              minLength: 1,
              errorMessage: 'must be a path',
            },
            uid: id('owner'),
            gid: id('group'),
            mode: {
              description: 'Its permissions, octal with a leading zero: `0440`.',
              type: ['string', 'integer'],
              default: '0444',
            },
          },
        },
      ],
    },
  };
}

/** Undefined for none, so that a container without has nothing recorded. */
export function referencesOf(
  section: FileSection,
  raw: RawReference[] | undefined,
  path: Path,
  reading: ParseContext,
): FileReference[] | undefined {
  const all = (raw ?? []).map((each, i) => referenceOf(section, each, [...path, i], reading));
  return all.length > 0 ? all : undefined;
}

function referenceOf(
  section: FileSection,
  raw: RawReference,
  path: Path,
  reading: ParseContext,
): FileReference {
  const {
    source,
    target = source,
    uid,
    gid,
    mode,
  } = typeof raw === 'string' ? { source: raw } : raw;
  return {
    source,
    target: posix.resolve('/', FOLDER[section], target),
    mode: mode === undefined ? READABLE : modeOf([...path, 'mode'], reading),
    ...(uid !== undefined && { uid: Number(uid) }),
    ...(gid !== undefined && { gid: Number(gid) }),
  };
}

/** YAML 1.2 reads `0440` as decimal, YAML 1.1 as octal: what counts is the text. */
function modeOf(path: Path, { problems, written }: ParseContext): number {
  const digits = /^0o?([0-7]{3,4})$/.exec(written(path))?.[1];
  if (digits !== undefined) return Number.parseInt(digits, 8) & 0o777;
  const hint = 'write it in octal digits with a leading zero: 0440';
  problems.atValue(path, `the mode ${JSON.stringify(written(path))} is not octal`, hint);
  return READABLE;
}
