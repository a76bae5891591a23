import type { Outcome } from '../../model/events.js';
import type { Plan } from '../../model/plan.js';
import { nothingToDo, outcomeSummary } from '../summary.js';
import type { View, ViewOptions } from '../view.js';
import { printFailures, sentence } from './messages.js';

/** One line for the start and one for the end of each unit, on standard error. */
export function plainView(options: ViewOptions): View {
  return {
    ...humanFrame(options),
    start: async () => {},
    event: (event) => {
      const text = sentence(event);
      if (text) options.err(`${text}\n`);
    },
  };
}

/** The parts common to all styles for people: the plan before, the result after. */
export function humanFrame(options: ViewOptions): Pick<View, 'plan' | 'finish'> {
  const { color, destroy, out, err } = options;
  return {
    plan: async (plan: Plan) => {
      // the renderer and its diff are not loaded for an empty plan
      if (plan.changes.length === 0 && !plan.notes && !plan.warnings)
        return out(`${nothingToDo(destroy)}\n`);
      const { renderPlan } = await import('../plan-text.js');
      out(`${renderPlan(plan, { color, destroy })}\n`);
    },
    finish: async (_plan: Plan, outcome: Outcome) => {
      printFailures(outcome, err);
      out(`\n${outcomeSummary(outcome, destroy)}\n`);
    },
  };
}
