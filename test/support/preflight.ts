import type { Preconditions } from '../../src/host/ports.js';
import { kinds } from '../../src/kinds/index.js';
import type { Plan } from '../../src/model/plan.js';
import { preflight as check, loadPreflights } from '../../src/plan/preflight.js';

const preflights = await loadPreflights(kinds);

/** The preflight with the checks of all kinds. */
export const preflight = (
  plan: Plan,
  host: Preconditions,
  input: Omit<Parameters<typeof check>[2], 'preflights'>,
): Plan => check(plan, host, { ...input, preflights });
