import type { IdRange } from '../../model/id-range.js';

/** A line of /proc/PID/uid_map (user_namespaces(7)): first id inside, first outside, how many. */
export const idMap = ({ first, count }: IdRange) => `0 ${first} ${count}\n`;

/** Whether the text of /proc/PID/uid_map, whose columns the kernel pads, says the same. */
export function sameMap(text: string, range: IdRange): boolean {
  return text.trim().split(/\s+/).join(' ') === idMap(range).trim();
}
