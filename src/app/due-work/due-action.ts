import type { Row } from '../../model/resource.js';
import type { Store } from '../../state/store.js';
import type { Context } from '../context.js';
import type { RunOptions } from '../options.js';

/** A task of a row whose time has come. The lock is held. */
export interface Due {
  context: Context;
  store: Store;
  /** As it is recorded now. */
  row: Row;
  task: string;
  /** When it was due; milliseconds since 1970, as `now`. */
  at: number;
  now: number;
  /** How the apply that does it was called. */
  options: RunOptions;
  /**
   * Records the next time, and facts of the action, in one write: of the two, one without the other
   * would do the work twice, or not at all. For an action that has something of its own to record;
   * otherwise the next time is recorded once it is done.
   *
   * @param again milliseconds since 1970, when it is looked at again if that comes before the next time
   */
  record: (facts: object, again?: number) => Promise<void>;
}

/**
 * Does what is due. `started`: its end is recorded later, and what failed before stays
 * reported until then. A rejection is a failure of this apply and of all that follow, until a success;
 * it is tried again with a growing pause.
 */
export type DueAction = (due: Due) => Promise<undefined | 'started'>;
