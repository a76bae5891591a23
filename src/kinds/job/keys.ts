import { durationOf } from '../../config/values.js';
import type { KEYS } from '../container/keys/index.js';
import { recordedKey, SCHEDULE, TIMEZONE } from '../key.js';

/** What a job has besides the keys of a container, in the order a reader of the file would want them. */
export const JOB_KEYS = {
  schedule: recordedKey({
    schema: SCHEDULE,
    read: (raw: string | undefined) => raw as string,
    change: 'update',
  }),
  timezone: recordedKey({
    schema: TIMEZONE,
    read: (raw: string | undefined) => raw,
    change: 'update',
  }),
  timeout: recordedKey({
    schema: {
      description:
        'Time after which a run is killed, which is a failure; at least 1s. Default: none, so that a run that hangs holds up all that follow.',
      $ref: '#/definitions/duration',
    },
    read: (raw: string | undefined, path, reading) => {
      const time = raw === undefined ? raw : durationOf(raw, path, reading);
      if (time !== undefined && time < 1000) {
        reading.problems.atValue(path, 'the timeout of a job is at least 1s');
      }
      return time;
    },
    change: 'update',
  }),
  retries: recordedKey({
    schema: {
      description:
        'How often a run that failed is tried again: after 1 minute, then 2, 4 and so on, up to an hour. Only the last failure is reported.',
      type: 'integer',
      minimum: 0,
      maximum: 100,
      default: 0,
    },
    read: (raw: number | undefined) => raw ?? 0,
    change: 'update',
  }),
  concurrency: recordedKey({
    schema: {
      description:
        'What to do at a time when the last run is not over: skip that time (`forbid`), or stop the old run first (`replace`).',
      type: 'string',
      enum: ['forbid', 'replace'],
      default: 'forbid',
    },
    read: (raw: 'forbid' | 'replace' | undefined) => raw ?? 'forbid',
    change: 'update',
  }),
  keep_logs: recordedKey({
    schema: {
      description: 'Number of ended runs whose log and result are kept.',
      type: 'integer',
      minimum: 1,
      maximum: 100,
      default: 5,
    },
    read: (raw: number | undefined) => raw ?? 5,
    change: 'update',
  }),
};

/** Keys of a container that a job does not have: they are for what stays up, or is one of several. */
export const NOT_OF_JOBS = {
  replicas: true,
  publish: true,
  restart: true,
  healthcheck: true,
  heal: true,
  on_change: true,
  depends_on: true,
  tty: true,
  stdin_open: true,
  post_start: true,
  pre_stop: true,
  protect: true,
  develop: true,
} as const satisfies { readonly [N in keyof typeof KEYS]?: true };
