import { jsonText } from '../../model/printable.js';
import { countChanges } from '../summary.js';
import type { View, ViewOptions } from '../view.js';

/**
 * One JSON object a line on standard output; `type` says what it is:
 *
 * - `change`, for each change planned: `address`, `action` (create, update, replace, delete,
 *   forget, refresh), `reasons`, `drift`, `differences` (`attribute`, `before`, `after`, `files`,
 *   `cause`, `effect`, `reason`), and `spec` for what is created or destroyed.
 * - `note`, for a resource that is left unchanged although it needs attention: `address`,
 *   `text`.
 * - `warning`, for what the user should know before the changes are made: `text`, and `address` if it
 *   is about a resource.
 * - `plan`, after the changes, also when there are none: `stack`, and how many to `add`,
 *   `change`, `destroy` and `forget`, and to `refresh` if any. A replace counts as one to add and one
 *   to destroy.
 * - during execution, every event of model/events.ts; the last is `finished`. After a failed rolling
 *   update that is undone: `rollback-started`, all of the above for the rollback, `rollback-finished`.
 */
export function jsonView({ out }: ViewOptions): View {
  const print = (value: object) => out(`${jsonText(value)}\n`);
  return {
    plan: async ({ stack, changes, notes = [], warnings = [] }) => {
      for (const change of changes) print({ type: 'change', ...change });
      for (const note of notes) print({ type: 'note', ...note });
      for (const each of warnings) print({ type: 'warning', ...each });
      print({ type: 'plan', stack, ...countChanges(changes) });
    },
    start: async () => {},
    event: print,
    finish: async () => {},
  };
}
