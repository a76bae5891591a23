import { jsonText } from '../../model/printable.js';
import { countChanges } from '../summary.js';
import type { View, ViewOptions } from '../view.js';

/**
 * One JSON object a line on standard output; `type` says what it is:
 *
 * - `change`, for each change planned: `address`, `action` (create, update, replace, delete,
 *   forget, refresh), `reasons`, `drift`, `differences` (`attribute`, `before`, `after`, `files`,
 *   `cause`, `effect`, `reason`), and `spec` for what comes or goes.
 * - `note`, for what is left alone though not as one would wish: `address`, `text`.
 * - `warning`, for what one should know before the changes are carried out: `address` unless it is
 *   about no resource, `text`.
 * - `plan`, after the changes, also when there are none: `stack`, and how many to `add`,
 *   `change`, `destroy` and `forget`, and to `refresh` if any. A replace counts as one to add and one
 *   to destroy.
 * - while it is carried out, every event of model/events.ts; the last is `finished`. After a roll-out
 *   that failed and is undone: `rollback-started`, all of the above for that, `rollback-finished`.
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
