import { resolve } from 'node:path';
import type { Path } from '../../config/document.js';
import { type ParseContext, pairsOf, type Scalar, sizeOf } from '../../config/values.js';
import { type Backup, hasPassword, repositoryFolder } from '../../model/backup.js';
import { PERIODS, type Retention } from '../../model/retention.js';
import {
  LABELS,
  recordedKey,
  SCHEDULE,
  type Schema,
  snapshotOnChange,
  TIMEZONE,
  unrecordedKey,
} from '../key.js';

const KEPT: Record<(typeof PERIODS)[number], string> = {
  last: 'How many of the newest.',
  hourly: 'Of how many hours the newest, where there is one.',
  daily: 'Of how many days the newest.',
  weekly: 'Of how many weeks, from Monday, the newest.',
  monthly: 'Of how many months the newest.',
  yearly: 'Of how many years the newest.',
};

const keepSchema = (description: string): Schema => ({
  description,
  type: 'object',
  properties: Object.fromEntries(
    PERIODS.map((period) => [
      period,
      { description: KEPT[period], type: 'integer', minimum: 0, maximum: 1000 },
    ]),
  ),
  additionalProperties: false,
  minProperties: 1,
});

const inFile = (description: string): Schema => ({
  description,
  type: 'object',
  properties: { file: { $ref: '#/definitions/path' } },
  required: ['file'],
  additionalProperties: false,
});

/** Every key of a volume but `external` and `name`, in the order a reader of the file would want them. */
export const VOLUME_KEYS = {
  size: recordedKey({
    schema: {
      description:
        'Makes the volume an ext4 file system of its own of this size, which is its quota. It grows in place, also while containers use it. To shrink one, to give an existing volume a size or to take it away, stop the containers that mount it first. Default: a folder without a quota.',
      $ref: '#/definitions/size',
    },
    read: (raw: string | number | undefined, path, reading) => {
      const size = sizeOf(raw, path, reading);
      if (size !== undefined && size < SMALLEST) {
        reading.problems.atValue(path, `${path.join('.')} is less than 1M`);
      }
      return size;
    },
    change: 'update',
    flag: { flags: '--size <size>', help: 'a file system of its own, as its quota' },
  }),
  owner: recordedKey({
    schema: {
      description:
        'Owner and group of the folder itself, `uid` or `uid:gid`: set when it is created, and when this changes. What is in it keeps its owners. Default: those of the folder in the image.',
      anyOf: [
        { type: 'string', pattern: '^[0-9]{1,9}(:[0-9]{1,9})?$' },
        { type: 'integer', minimum: 0, maximum: 999_999_999 },
      ],
      errorMessage: 'must be uid or uid:gid in quotes, such as "999:999"',
    },
    read: (raw: string | number | undefined) => (raw === undefined ? raw : ownerOf(`${raw}`)),
    change: 'update',
    flag: { flags: '--owner <uid:gid>', help: 'of the folder; default: as in the image' },
  }),
  mode: recordedKey({
    schema: {
      description:
        'Mode of the folder itself in octal, `"0750"`: set as `owner`. Default: that of the folder in the image, else 0755.',
      type: 'string',
      pattern: '^0?[0-7]{3,4}$',
      errorMessage: 'must be an octal mode in quotes, such as "0750"',
    },
    read: (raw: string | undefined) => raw,
    change: 'update',
    flag: { flags: '--mode <octal>', help: 'of the folder; default: as in the image' },
  }),
  labels: recordedKey({
    schema: LABELS,
    read: (raw: Record<string, Scalar> | string[] | undefined, path, reading) =>
      raw === undefined ? raw : pairsOf(raw, path, reading),
    change: 'update',
    flag: { flags: '-l, --label <K=V>', help: 'repeatable', repeatable: true },
  }),
  snapshots: recordedKey({
    schema: {
      description:
        'Snapshots by schedule, which an unattended `apply` takes when they are due, and how many of them stay. Those taken by a command stay until they are removed.',
      type: 'object',
      properties: {
        schedule: SCHEDULE,
        timezone: TIMEZONE,
        keep: keepSchema(
          'How many stay: the last ones, and the last one of as many hours, days, weeks, months and years. Default: the last 7.',
        ),
      },
      required: ['schedule'],
      additionalProperties: false,
    },
    read: (raw: RawSnapshots | undefined, path, { problems }) => {
      if (raw === undefined) return undefined;
      const { schedule: cron, timezone, keep = { last: 7 } } = raw;
      checkKept(keep, path, problems);
      return { schedule: { cron, ...(timezone !== undefined && { timezone }) }, keep };
    },
    change: 'update',
  }),
  backup: recordedKey({
    schema: {
      description:
        'Backups with restic(1): encrypted, without what is in the repository already. Each is made of a snapshot, so that containers wait only until that is taken. `baleine backup` makes, lists, restores and checks them.',
      type: 'object',
      properties: {
        repository: {
          description:
            'As restic has it: a folder, `sftp:user@host:/folder`, `s3:https://host/bucket`, `rest:https://host/`, and so on; or `{file: …}`, a file with that in it, such as one that has a password. Made by the first backup if there is none.',
          anyOf: [
            { type: 'string', minLength: 1, maxLength: 2000, pattern: '^[^\\u0000-\\u001f]+$' },
            inFile('A file with the repository in it.'),
          ],
          errorMessage: 'must be a repository of restic, or {file: …}',
        },
        password: inFile(
          'A file with the password of the repository. Whoever loses it loses the backups.',
        ),
        env_file: {
          description:
            'A file with variables for restic, as in a container’s `env_file`: `AWS_ACCESS_KEY_ID` and others.',
          $ref: '#/definitions/path',
        },
        schedule: SCHEDULE,
        timezone: TIMEZONE,
        keep: keepSchema(
          'How many stay in the repository: the last ones, and the last one of as many hours, days, weeks, months and years. Default: all.',
        ),
      },
      required: ['repository', 'password'],
      additionalProperties: false,
    },
    read: (raw: RawBackup | undefined, path, reading) =>
      raw === undefined ? undefined : backupOf(raw, path, reading),
    change: 'update',
  }),
  snapshot_on_change: snapshotOnChange(
    'Whether `apply` takes a snapshot `before-change-…` before it replaces a container that mounts the volume; without one, nothing is replaced. `{keep: N}`: how many of these stay, 5 by default.',
  ),
  protect: unrecordedKey({
    schema: {
      description: 'Never remove this volume: `destroy --volumes` leaves it.',
      type: 'boolean',
      default: false,
    },
    read: (raw: boolean | undefined) => raw ?? false,
  }),
};

interface RawSnapshots {
  schedule: string;
  timezone?: string;
  keep?: Retention;
}

interface RawBackup {
  repository: string | { file: string };
  password: { file: string };
  env_file?: string;
  schedule?: string;
  timezone?: string;
  keep?: Retention;
}

function backupOf(raw: RawBackup, path: Path, { problems, directoryOf }: ParseContext): Backup {
  const { repository, password, env_file, schedule: cron, timezone, keep } = raw;
  const base = (...at: string[]) => directoryOf([...path, ...at]);
  const file = (each: { file: string }, at: string) => ({ file: resolve(base(at), each.file) });
  if (typeof repository === 'string' && hasPassword(repository)) {
    const hint = 'write it into a file that only root can read, and name that: {file: …}';
    problems.atValue([...path, 'repository'], 'has a password in it, which plans would show', hint);
  }
  if (timezone !== undefined && cron === undefined) {
    problems.atValue([...path, 'timezone'], 'is that of a schedule, and there is none');
  }
  if (keep) checkKept(keep, path, problems);
  const folder = repositoryFolder(repository);
  return {
    repository:
      typeof repository !== 'string'
        ? file(repository, 'repository')
        : folder === undefined
          ? repository
          : resolve(base('repository'), folder),
    password: file(password, 'password'),
    ...(env_file !== undefined && { env_file: resolve(base('env_file'), env_file) }),
    ...(cron !== undefined && {
      schedule: { cron, ...(timezone !== undefined && { timezone }) },
    }),
    ...(keep && { keep }),
  };
}

function checkKept(keep: Retention, path: Path, problems: ParseContext['problems']): void {
  if (Object.values(keep).some((count) => count > 0)) return;
  problems.atValue([...path, 'keep'], 'keeps none of them');
}

/** Group and user have the same number by default, as in images. */
const ownerOf = (text: string) => (text.includes(':') ? text : `${text}:${text}`);

/** Bytes; mkfs.ext4 makes nothing useful that is smaller. */
const SMALLEST = 1024 ** 2;
