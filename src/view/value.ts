import { formatBytes } from '../model/format.js';
import { canonical } from '../model/json.js';
import { formatDuration } from './duration.js';

const SIZES = /(^|\.)(size|memory|max_size)$/;
const DURATIONS = /(^|\.)(stop_grace_period|interval|timeout|start_period)$/;
/** C0 and C1 control characters and the bidirectional overrides: they would let a value rewrite the screen. */
const UNPRINTABLE = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** A value as a reader of baleine.yaml would write it: `64M`, `10s`, `["busybox","sh"]`. */
export function formatValue(attribute: string, value: unknown): string {
  if (typeof value === 'number' && SIZES.test(attribute)) return formatBytes(value);
  if (typeof value === 'number' && DURATIONS.test(attribute)) return formatDuration(value);
  if (typeof value === 'string') return value === '' ? '""' : printable(value);
  return printable(canonical(value));
}

/** One line of text with everything a terminal would act upon escaped. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (each) =>
    each === '\t' ? each : `\\u${each.codePointAt(0)?.toString(16).padStart(4, '0')}`,
  );
}
