import type { Change, Plan } from '../../model/plan.js';
import type { View, ViewOptions } from '../view.js';
import { achieved } from './achieved.js';
import { printFailures } from './failures.js';
import { rollbackText } from './words.js';

/** Says nothing until it is over, but that a roll-out is undone: then `summary`, and what failed. */
export function silentView(
  { out, err }: ViewOptions,
  summary: (changes: Change[], plan: Plan) => string,
): View {
  return {
    plan: async () => {},
    start: async () => {},
    event: (event) => {
      const text = rollbackText(event);
      if (text) err(`${text}\n`);
    },
    finish: async (plan, outcome) => {
      const text = summary(achieved(plan, outcome), plan);
      if (text) out(text);
      printFailures(outcome, err);
    },
  };
}
