import { pairsOf, type Scalar, sizeOf } from '../../config/values.js';
import { PERIODS, type Retention } from '../../model/retention.js';
import { LABELS, recordedKey, SCHEDULE, TIMEZONE, unrecordedKey } from '../key.js';

const KEPT: Record<(typeof PERIODS)[number], string> = {
  last: 'How many of the newest.',
  hourly: 'Of how many hours the newest, where there is one.',
  daily: 'Of how many days the newest.',
  weekly: 'Of how many weeks, from Monday, the newest.',
  monthly: 'Of how many months the newest.',
  yearly: 'Of how many years the newest.',
};

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
        keep: {
          description:
            'How many stay: the last ones, and the last one of as many hours, days, weeks, months and years. Default: the last 7.',
          type: 'object',
          properties: Object.fromEntries(
            PERIODS.map((period) => [
              period,
              { description: KEPT[period], type: 'integer', minimum: 0, maximum: 1000 },
            ]),
          ),
          additionalProperties: false,
          minProperties: 1,
        },
      },
      required: ['schedule'],
      additionalProperties: false,
    },
    read: (raw: RawSnapshots | undefined, path, { problems }) => {
      if (raw === undefined) return undefined;
      const { schedule: cron, timezone, keep = { last: 7 } } = raw;
      if (Object.values(keep).every((count) => count === 0)) {
        problems.atValue([...path, 'keep'], 'keeps none of them');
      }
      return { schedule: { cron, ...(timezone !== undefined && { timezone }) }, keep };
    },
    change: 'update',
  }),
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

/** Group and user have the same number by default, as in images. */
const ownerOf = (text: string) => (text.includes(':') ? text : `${text}:${text}`);

/** Bytes; mkfs.ext4 makes nothing useful that is smaller. */
const SMALLEST = 1024 ** 2;
