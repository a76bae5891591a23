import { posix } from 'node:path';
import type { Path } from '../../../config/document.js';
import type { ParseContext } from '../../../config/values.js';
import type { DeviceEntry, DeviceSpec } from '../../../model/device-nodes.js';
import { resolvedKey, spec } from './key.js';

type Raw = string | { source: string; target?: string; permissions?: string };

const ACCESS = '^[rwm]{1,3}$';

export const devices = resolvedKey({
  schema: {
    description:
      'Device files of the host, as `SOURCE`, `SOURCE:TARGET` or `SOURCE:TARGET:ACCESS` with letters of `rwm` (read, write, make), or in the long form. A folder stands for the devices in it. Memory and ports of the host, and disks in use, are refused.',
    type: 'array',
    items: {
      anyOf: [
        {
          type: 'string',
          pattern: '^/[^:]*(:/[^:]*(:[rwm]{1,3})?|:[rwm]{1,3})?$',
          errorMessage: 'must be a device: /dev/fuse, or /dev/fuse:/dev/fuse:rw',
        },
        {
          type: 'object',
          additionalProperties: false,
          required: ['source'],
          properties: {
            source: {
              description: 'Its path on the host.',
              type: 'string',
              pattern: '^/',
              errorMessage: 'must be an absolute path',
            },
            target: {
              description: 'Its path inside. Default: the same.',
              type: 'string',
              pattern: '^/',
              errorMessage: 'must be an absolute path',
            },
            permissions: {
              description: 'Letters of `rwm`. Default: all.',
              type: 'string',
              pattern: ACCESS,
              errorMessage: 'must be letters of rwm',
            },
          },
        },
      ],
    },
  },
  read: (raw: Raw[] | undefined, path, reading): DeviceEntry[] | undefined =>
    raw && raw.length > 0 ? raw.map((each, i) => entryOf(each, [...path, i], reading)) : undefined,
  as: 'devices',
  spec: spec<DeviceSpec[] | undefined>(),
  change: 'replace',
  release: true,
});

function entryOf(raw: Raw, path: Path, { problems }: ParseContext): DeviceEntry {
  const {
    source,
    target = source,
    permissions = 'rwm',
  } = typeof raw === 'string' ? parse(raw) : raw;
  const entry = {
    source: posix.resolve(source),
    target: posix.resolve(target),
    access: [...'rwm'].filter((letter) => permissions.includes(letter)).join(''),
  };
  // anywhere else it would be on the disk, which is mounted without devices
  if (!/^\/dev\/(?!(pts|shm|mqueue|fd)(\/|$))./.test(entry.target)) {
    problems.atValue(path, `a device cannot be at ${entry.target}`, 'put it below /dev');
  }
  return entry;
}

/** `SOURCE:rw` has no target, as in Docker. */
function parse(text: string): { source: string; target?: string; permissions?: string } {
  const [source = '', second, third] = text.split(':');
  if (second === undefined) return { source };
  if (!second.startsWith('/')) return { source, permissions: second };
  return { source, target: second, ...(third !== undefined && { permissions: third }) };
}
