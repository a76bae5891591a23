import { sizeOf } from '../../../config/values.js';
import { plainKey } from './key.js';

export const shm_size = plainKey({
  schema: {
    description: 'Size of its /dev/shm, which counts as its memory. Default: 64M.',
    $ref: '#/definitions/size',
  },
  read: (raw: string | number | undefined, path, reading) => {
    const bytes = sizeOf(raw, path, reading);
    // to tmpfs(5), 0 means no limit
    if (bytes === 0) reading.problems.atValue(path, 'shm_size must be at least 1 byte');
    return bytes;
  },
  change: 'replace',
  release: true,
  flag: { flags: '--shm-size <size>', help: 'of /dev/shm (64M)' },
});
