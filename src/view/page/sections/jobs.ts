import type { ListedJob } from '../../../model/listed-job.js';
import { safe } from '../../../model/printable.js';
import type { Severity } from '../../../model/topology.js';
import { lastText, nextText, stateText } from '../../job-table.js';
import { cell, mark } from './parts.js';

const HEADS = ['Job', 'Schedule', 'State', 'Next', 'Last run'];

/** The jobs, with their last and next run. */
export function jobsSection(jobs: readonly ListedJob[]): string {
  if (jobs.length === 0) return '<p class="none">There are no jobs.</p>';
  const heads = HEADS.map((head) => `<th scope="col">${head}</th>`).join('');
  const rows = jobs.map(jobRow).join('\n');
  return `<table><thead><tr>${heads}</tr></thead><tbody>${rows}</tbody></table>`;
}

function jobRow(job: ListedJob): string {
  const { name, schedule, timezone, running, failing } = job;
  const tone: Severity = failing === undefined ? (running ? 'wait' : 'good') : 'bad';
  const state = stateText(job);
  return [
    `<tr class="${tone}"><th scope="row"><div class="who">${mark(tone)}<div><span class="mono strong">${safe(name)}</span></div></div></th>`,
    cell('Schedule', `<span class="mono">${safe(schedule)}</span> ${safe(timezone ?? '')}`),
    cell('State', `<span class="state">${safe(state === '-' ? 'waiting' : state)}</span>`),
    cell('Next', `<span class="soft">${safe(nextText(job))}</span>`),
    cell('Last run', `<span class="soft">${safe(lastText(job.last))}</span>`),
    '</tr>',
  ].join('');
}
