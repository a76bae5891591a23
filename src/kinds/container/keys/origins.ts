import { resolve } from 'node:path';
import type { Path } from '../../../config/document.js';
import type { ParseContext } from '../../../config/values.js';
import type { FileOrigin } from '../../../model/container-values.js';
import { unrecordedKey } from '../../key.js';

const file = unrecordedKey({
  schema: { description: 'A file of the host, at most 1 MiB.', $ref: '#/definitions/path' },
  read: pathOf,
});

const environment = unrecordedKey({
  schema: {
    description:
      'A variable of the environment of baleine itself, else of `.env` beside the file, or of `--env-file`. Every apply needs it; that from cron has only the files.',
    $ref: '#/definitions/variable',
  },
  read: (raw: string | undefined) => raw,
});

const content = unrecordedKey({
  schema: { description: 'The text itself.', $ref: '#/definitions/scalar' },
  read: (raw: string | number | boolean | undefined, path, { written }) =>
    raw === undefined || typeof raw === 'string' ? raw : written(path),
});

const age = unrecordedKey({
  schema: {
    description: 'A file encrypted by age(1); apply decrypts it.',
    $ref: '#/definitions/path',
  },
  read: pathOf,
});

const identity = unrecordedKey({
  schema: {
    description: 'For `age`: the file with the identity that decrypts it.',
    $ref: '#/definitions/path',
  },
  read: pathOf,
});

/** Every key of a secret. */
export const SECRET_KEYS = { file, environment, age, identity };

/** Every key of a config. */
export const CONFIG_KEYS = { file, environment, content };

function pathOf(raw: string | undefined, path: Path, { directoryOf }: ParseContext) {
  return raw === undefined ? undefined : resolve(directoryOf(path), raw);
}

type Values = Partial<Record<keyof typeof SECRET_KEYS | keyof typeof CONFIG_KEYS, string>>;

/** The one origin among the values of the keys; undefined, with a problem, for none or several. */
export function originOf(
  values: Values,
  names: readonly string[],
  path: Path,
  { problems, envFiles }: ParseContext,
): FileOrigin | undefined {
  const { file, environment, content, age, identity } = values;
  const origins = [
    file !== undefined && { file },
    environment !== undefined && {
      environment,
      ...(envFiles.length > 0 && { env_files: envFiles }),
    },
    content !== undefined && { content },
    age !== undefined && { age, identity: identity ?? '' },
  ].filter((each) => each !== false);
  const [origin] = origins;
  const place = path.join('.');
  const forms = names.filter((name) => name !== 'identity').join(', ');
  if (origins.length !== 1) problems.atKey(path, `${place} must have exactly one of ${forms}`);
  else if ((age === undefined) !== (identity === undefined)) {
    problems.atKey(path, `${place} must have age and identity together`);
  }
  return origin;
}
