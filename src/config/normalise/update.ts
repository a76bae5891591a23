import type { UpdatePolicy } from '../../model/config.js';
import type { Path } from '../document.js';
import type { Update } from '../file.gen.js';
import type { Reading } from './reading.js';
import { durationOf } from './values.js';

/** The words are Compose's. So are the defaults, but for the order: a farm is there to lose nothing. */
export function updateOf(raw: Update = {}, path: Path, reading: Reading): UpdatePolicy {
  const time = (key: 'drain' | 'monitor', usual: string) =>
    durationOf(raw[key] ?? usual, [...path, key], reading);
  return {
    order: raw.order ?? 'start-first',
    parallelism: raw.parallelism ?? 1,
    drain: time('drain', '10s'),
    monitor: time('monitor', '0s'),
    failure_action: raw.failure_action ?? 'pause',
  };
}
