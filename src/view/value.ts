import { formatBytes } from '../model/format.js';
import { canonical } from '../model/json.js';
import { printable } from '../model/printable.js';
import { formatDuration } from './duration.js';

const SIZES = /(^|\.)(size|memory|max_size)$/;
const DURATIONS = /(^|\.)(stop_grace_period|interval|timeout|start_period)$/;

/** A value as a reader of baleine.yaml would write it: `64M`, `10s`, `["busybox","sh"]`. */
export function formatValue(attribute: string, value: unknown): string {
  if (typeof value === 'number' && SIZES.test(attribute)) return formatBytes(value);
  if (typeof value === 'number' && DURATIONS.test(attribute)) return formatDuration(value);
  if (typeof value === 'string') return value === '' ? '""' : printable(value);
  return printable(canonical(value));
}
