import type { Plan } from '../model/plan.js';
import type { Step } from '../model/step.js';

/** The plan with another grace period in milliseconds before a container is killed. */
export function withGrace(plan: Plan, grace: number | undefined): Plan {
  if (grace === undefined) return plan;
  const hasten = (step: Step): Step =>
    step.verb === 'container.stop' ? { ...step, args: { ...(step.args as object), grace } } : step;
  return { ...plan, units: plan.units.map((each) => ({ ...each, steps: each.steps.map(hasten) })) };
}
