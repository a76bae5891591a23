import { isAbsolute, resolve } from 'node:path';
import type { Path } from '../../../config/document.js';
import { defined, type ParseContext } from '../../../config/values.js';
import type { WatchAction, WatchRule } from '../../../model/container-values.js';
import { hooksOf, hooksSchema, type RawHook } from './hooks.js';
import { unrecordedKey } from './key.js';

interface RawRule {
  path: string;
  action: WatchAction;
  target?: string;
  ignore?: string | string[];
  include?: string | string[];
  initial_sync?: boolean;
  exec?: RawHook;
}

const patterns = (description: string) => ({
  description,
  anyOf: [
    { type: 'string', maxLength: 4096 },
    { type: 'array', maxItems: 256, items: { type: 'string', maxLength: 4096 } },
  ],
});

/** What `watch` does when files change; apply takes no notice. */
export const develop = unrecordedKey({
  schema: {
    description:
      'For development: what `watch` does when files of the host change. It changes nothing else.',
    type: 'object',
    additionalProperties: false,
    properties: {
      watch: {
        description: 'Files, and what their changes cause.',
        type: 'array',
        maxItems: 64,
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['path', 'action'],
          properties: {
            path: {
              description: 'A file or folder of the host, relative to the file it is written in.',
              type: 'string',
              minLength: 1,
            },
            action: {
              description:
                'sync: copy the files into the container; rebuild: build the image again and replace the container; restart; sync+restart; sync+exec: sync, then run `exec`.',
              type: 'string',
              enum: ['sync', 'rebuild', 'restart', 'sync+restart', 'sync+exec'],
            },
            target: { description: 'Where they are synced to.', $ref: '#/definitions/inside' },
            ignore: patterns(
              'Patterns of files below `path` that are left out, as in a .dockerignore file.',
            ),
            include: patterns('Patterns of the only files below `path` that count.'),
            initial_sync: {
              description: 'Sync all files when watching begins.',
              type: 'boolean',
              default: false,
            },
            exec: {
              ...hooksSchema('').items,
              description: 'The command of sync+exec, which runs inside the container.',
            },
          },
        },
      },
    },
  },
  read: (raw: { watch?: RawRule[] } | undefined, path, reading) => {
    if (!raw?.watch || raw.watch.length === 0) return undefined;
    return { watch: raw.watch.map((rule, i) => ruleOf(rule, [...path, 'watch', i], reading)) };
  },
});

function ruleOf(raw: RawRule, path: Path, reading: ParseContext): WatchRule {
  const { problems } = reading;
  const { action, target, initial_sync, exec } = raw;
  const isSync = action.startsWith('sync');
  if (isSync && (target === undefined || !isAbsolute(target))) {
    problems.atKey([...path, 'action'], `${action} needs a target`, 'as in target: /srv/app');
  }
  if (action === 'sync+exec' && !exec) {
    problems.atKey([...path, 'action'], 'sync+exec needs a command', 'exec: { command: [...] }');
  }
  const [hook] = exec ? (hooksOf([exec], [...path, 'exec'], reading) ?? []) : [];
  return defined({
    path: resolve(reading.directoryOf([...path, 'path']), raw.path),
    action,
    target: isSync ? target : undefined,
    ignore: listOf(raw.ignore),
    include: listOf(raw.include),
    initial_sync: initial_sync || undefined,
    exec: action === 'sync+exec' ? hook : undefined,
  });
}

const listOf = (patterns: string | string[] = []) =>
  typeof patterns === 'string' ? [patterns] : patterns;
