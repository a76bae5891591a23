/** How many snapshots are kept: the last ones, and the last one of as many hours, days and so on. */
export interface Retention {
  last?: number;
  hourly?: number;
  daily?: number;
  weekly?: number;
  monthly?: number;
  yearly?: number;
}

export const PERIODS = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;

/**
 * Which of some times are kept. A time may count for several periods; a period without a time takes
 * none of its number.
 *
 * @param times milliseconds since 1970, in any order
 * @param timezone in which hours and days are counted; default: the host's
 */
export function retained(
  times: readonly number[],
  keep: Retention,
  timezone?: string,
): ReadonlySet<number> {
  const latest = [...times].sort((a, b) => b - a);
  const kept = new Set<number>();
  for (const period of PERIODS) {
    const seen = new Set<string>();
    for (const time of latest) {
      const part = period === 'last' ? String(time) : partOf(period, time, timezone);
      if (seen.has(part)) continue;
      if (seen.size >= (keep[period] ?? 0)) break;
      seen.add(part);
      kept.add(time);
    }
  }
  return kept;
}

const DAY = 86_400_000;

/** The hour, day, … that a time is in. */
function partOf(
  period: Exclude<(typeof PERIODS)[number], 'last'>,
  time: number,
  timezone?: string,
) {
  const { year, month, day, hour } = fieldsOf(time, timezone);
  switch (period) {
    case 'hourly':
      // one hour exists twice when the clocks go back
      return `${year}-${month}-${day}T${hour} ${Math.floor(time / 3_600_000)}`;
    case 'daily':
      return `${year}-${month}-${day}`;
    case 'weekly':
      // weeks begin on Monday; 1970 began on a Thursday
      return String(Math.floor((Date.UTC(year, month - 1, day) / DAY + 3) / 7));
    case 'monthly':
      return `${year}-${month}`;
    case 'yearly':
      return String(year);
  }
}

function fieldsOf(time: number, timeZone: string | undefined) {
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23' },
    ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric' },
    ...(timeZone !== undefined && { timeZone }),
  });
  const parts = format.formatToParts(time).map(({ type, value }) => [type, Number(value)] as const);
  const {
    year = 0,
    month = 0,
    day = 0,
    hour = 0,
  } = Object.fromEntries(parts) as Record<string, number>;
  return { year, month, day, hour };
}
