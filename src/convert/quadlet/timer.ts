import { timesOf } from '../schedule.js';

/**
 * A schedule of cron as OnCalendar of systemd.time(7). systemd wants the day of the month and that of the
 * week to match: where one of them is enough, there are two lines.
 *
 * @returns undefined for what systemd cannot say
 */
export function calendarOf(schedule: string, timezone?: string): string[] | undefined {
  const times = timesOf(schedule);
  if (!times) return undefined;
  const { minutes, hours, days, months, weekdays, isEitherDay } = times;
  const zone = timezone === undefined ? '' : ` ${timezone}`;
  const time = `${field(hours, 24)}:${field(minutes, 60)}:00${zone}`;
  const date = (all: readonly number[]) => `*-${field(months, 12)}-${field(all, 31)}`;
  const names = weekdays.length === 7 ? '' : `${weekdays.map((each) => DAYS[each]).join(',')} `;
  const everyDay = Array.from({ length: 31 }, (_, index) => index + 1);
  if (!isEitherDay) return [`${names}${date(days)} ${time}`];
  return [`${date(days)} ${time}`, `${names}${date(everyDay)} ${time}`];
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

const field = (values: readonly number[], all: number) =>
  values.length === all ? '*' : values.map((each) => String(each).padStart(2, '0')).join(',');
