import type { Schedule } from '../../model/due.js';
import { isTimeZone, scheduleProblem } from '../../model/schedule.js';
import type { Path } from '../document.js';
import type { Problems } from '../problem.js';
import type { ValidationContext } from './validation-context.js';

/** Schedules that come, in time zones that exist. */
export function checkSchedules({ problems, ...sections }: ValidationContext): void {
  for (const { schedule, path } of schedulesIn(sections)) checkSchedule(schedule, path, problems);
}

/** All schedules of a file, with the path of the mapping that has the keys `schedule` and `timezone`. */
function schedulesIn({
  jobs = {},
  volumes,
}: Omit<ValidationContext, 'problems'>): { schedule: Schedule; path: Path }[] {
  const ofJobs = Object.entries(jobs).map(([name, { schedule: cron, timezone }]) => ({
    schedule: { cron, ...(timezone !== undefined && { timezone }) },
    path: ['jobs', name],
  }));
  const ofVolumes = Object.entries(volumes).flatMap(([name, entry]) => {
    if (entry.external) return [];
    return (['snapshots', 'backup'] as const).flatMap((key) => {
      const schedule = entry[key]?.schedule;
      return schedule ? [{ schedule, path: ['volumes', name, key] }] : [];
    });
  });
  return [...ofJobs, ...ofVolumes];
}

function checkSchedule({ cron, timezone }: Schedule, path: Path, problems: Problems): void {
  const problem = scheduleProblem(cron);
  if (problem !== undefined) {
    const hint = 'as in crontab(5), such as "*/15 * * * *", "0 3 * * mon-fri" or "@daily"';
    problems.atValue([...path, 'schedule'], `"${cron}" ${problem}`, hint);
  }
  if (timezone !== undefined && !isTimeZone(timezone)) {
    const hint = 'a name as in /usr/share/zoneinfo, such as Europe/Paris or UTC';
    problems.atValue([...path, 'timezone'], `there is no time zone ${timezone}`, hint);
  }
}
