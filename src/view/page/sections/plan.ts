import type { Action, Change, Plan } from '../../../model/plan.js';
import { safe } from '../../../model/printable.js';
import { nothingToDo, planSummary } from '../../summary.js';
import type { Pending } from '../page-data.js';

/** What `baleine apply` would do, without values: they can be secret, and the page is not. */
export function planSection(pending: Pending): string {
  if ('unknown' in pending) return `<pre class="none">${safeLines(pending.unknown)}</pre>`;
  const { plan } = pending;
  const { changes, notes = [] } = plan;
  const left = notes.map(
    ({ address, text }) =>
      `<li class="note"><span class="mono">${safe(address)}</span> ${safe(text)}</li>`,
  );
  return [
    `<p class="none">${safe(changes.length === 0 ? nothingToDo(false) : planSummary(plan))}</p>`,
    list(changes),
    left.length === 0 ? '' : `<h3>Left as it is</h3><ul class="lines">${left.join('')}</ul>`,
  ].join('');
}

function list(changes: Plan['changes']): string {
  return changes.length === 0 ? '' : `<ul class="lines">${changes.map(line).join('\n')}</ul>`;
}

const VERBS: Record<Action, [symbol: string, phrase: string]> = {
  create: ['+', 'will be created'],
  update: ['~', 'will be updated in place'],
  replace: ['±', 'must be replaced'],
  delete: ['−', 'will be destroyed'],
  forget: ['∅', 'will be forgotten'],
  refresh: ['↻', 'follows the others'],
};

function line({ address, action, reasons, drift }: Change): string {
  const [symbol, phrase] = VERBS[action];
  const why = reasons.length === 0 ? '' : `: ${reasons.join(', ')}`;
  const found = drift ? '<span class="tag">found on the host</span>' : '';
  return [
    `<li class="${action}"><span class="sign" aria-hidden="true">${symbol}</span>`,
    `<div><span class="mono strong">${safe(address)}</span> ${found}`,
    `<span class="soft">${safe(`${phrase}${why}`)}</span></div></li>`,
  ].join('');
}

const safeLines = (text: string) => text.split('\n').map(safe).join('\n');
