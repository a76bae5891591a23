import { formatDuration } from '../model/format.js';
import type { ListedJob, ListedRun } from '../model/listed-job.js';
import { localTime, renderTable } from './tables.js';

/** The output of `job list`; times are local. */
export function jobTable(jobs: readonly ListedJob[], { stacks }: { stacks: boolean }): string {
  const rows = jobs.map((each) => [
    ...(stacks ? [each.stack] : []),
    each.name,
    each.timezone === undefined ? each.schedule : `${each.schedule} ${each.timezone}`,
    nextText(each),
    stateText(each),
    lastText(each.last),
  ]);
  return renderTable(
    [...(stacks ? ['STACK'] : []), 'NAME', 'SCHEDULE', 'NEXT', 'STATE', 'LAST'],
    rows,
  );
}

export const nextText = ({ next }: ListedJob): string =>
  next === undefined ? '-' : localTime(new Date(next));

/** `running (7)`, `failing`, `-`. */
export function stateText({ running, failing, skipped }: ListedJob): string {
  if (running)
    return `running (${running.number})${skipped === undefined ? '' : ', skipped a time'}`;
  return failing === undefined ? '-' : 'failing';
}

/** `6: ok in 3s, 2026-11-29 20:15:00`. */
export function lastText(last: ListedRun | undefined): string {
  if (!last) return '-';
  const took = last.ms === undefined ? '' : ` in ${formatDuration(rounded(last.ms))}`;
  return `${last.number}: ${last.result}${took}, ${localTime(new Date(last.started_at))}`;
}

/** Whole seconds from ten on. */
const rounded = (ms: number) => (ms < 10_000 ? ms : Math.round(ms / 1000) * 1000);
