import type { Action, Change, Difference, Plan } from '../model/plan.js';
import { printable } from '../model/printable.js';
import { attributeLines, differenceLines } from './attributes.js';
import { nothingToDo, planSummary } from './summary.js';
import { type Paint, painter } from './view.js';

export interface PlanTextOptions {
  color: boolean;
  /** The plan of a `destroy`: its message differs when it is empty. */
  destroy?: boolean;
}

/** A whole plan for people, in Terraform's manner. Deterministic; no trailing newline. */
export function renderPlan(plan: Plan, options: PlanTextOptions): string {
  const notes = [...noteLines(plan), ...warningLines(plan)];
  if (plan.changes.length === 0) {
    return [nothingToDo(options.destroy ?? false), ...notes].join('\n\n');
  }
  const paint = painter(options.color);
  const drifted = plan.changes.filter((change) => change.drift);
  const requested = plan.changes.filter((change) => !change.drift && change.action !== 'refresh');
  const followers = plan.changes.filter((change) => !change.drift && change.action === 'refresh');
  return [
    ...section('Changes outside baleine were found:', drifted, paint),
    ...section('baleine will perform the following actions:', requested, paint),
    ...refreshLine(followers),
    ...notes,
    planSummary(plan),
  ].join('\n\n');
}

function section(title: string, changes: Change[], paint: Paint): string[] {
  return changes.length === 0 ? [] : [title, ...changes.map((change) => block(change, paint))];
}

function refreshLine(changes: Change[]): string[] {
  const addresses = changes.map((change) => change.address).join(', ');
  return changes.length === 0 ? [] : [`Files derived from others follow for: ${addresses}`];
}

function noteLines({ notes = [] }: Plan): string[] {
  const lines = notes.map(({ address, text }) => `  ${address} ${printable(text)}`);
  return lines.length === 0 ? [] : [['Left as it is:', ...lines].join('\n')];
}

function warningLines({ warnings = [] }: Plan): string[] {
  const lines = warnings.map(({ address, text }) =>
    [' ', address, printable(text)].filter(Boolean).join(' '),
  );
  return lines.length === 0 ? [] : [['Warnings:', ...lines].join('\n')];
}

const PHRASE: Record<Action, string> = {
  create: 'will be created',
  update: 'will be updated in-place',
  replace: 'must be replaced',
  delete: 'will be destroyed',
  forget: 'will be forgotten',
  refresh: 'will have its derived files refreshed',
};

function block(change: Change, paint: Paint): string {
  const reasons = change.reasons.length > 0 ? ` (${printable(change.reasons.join(', '))})` : '';
  const title = paint('bold', `  # ${change.address} ${PHRASE[change.action]}${reasons}`);
  return [title, ...body(change, paint)].join('\n');
}

function body(change: Change, paint: Paint): string[] {
  const { address, action, spec, differences } = change;
  switch (action) {
    case 'create':
      return [`  ${paint('green', '+')} ${address}`, ...attributeLines('+', address, spec, paint)];
    case 'delete':
      return [`  ${paint('red', '-')} ${address}`, ...attributeLines('-', address, spec, paint)];
    case 'replace':
      return [
        `${paint('red', '-')}/${paint('green', '+')} ${address}`,
        ...lines(differences, true, paint),
      ];
    case 'forget':
      return [];
    default:
      return [`  ${paint('yellow', '~')} ${address}`, ...lines(differences, false, paint)];
  }
}

function lines(differences: Difference[], replaces: boolean, paint: Paint): string[] {
  return differences.flatMap((each) => differenceLines(each, replaces, paint));
}
