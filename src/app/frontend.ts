import type { Note } from '../model/plan.js';
import { jsonText } from '../model/printable.js';
import type { View } from '../view/view.js';
import type { OutputOptions } from './options.js';

/**
 * How a use case shows its work, asks for approval and is interrupted. The command line implements it
 * in src/cli/terminal.ts. A use case itself never uses a terminal or handles signals.
 */
export interface Frontend {
  /** Opens the view of one plan and its execution. */
  view(options: ViewRequest): Promise<View>;
  /**
   * Asks whether to execute the plan that was shown.
   *
   * @throws UserError if there is nobody to ask, or the plan was not shown
   */
  approve(request: ApprovalRequest): Promise<boolean>;
  /** Prints whole lines that belong to the result. */
  report(text: string): void;
  /** Prints whole lines about problems. */
  warn(text: string): void;
  /** Runs work that must end by itself: an interrupt aborts the signal, and the work ends soon. */
  interruptible<T>(work: (stop: AbortSignal) => Promise<T>): Promise<T>;
  /**
   * Runs work that undoes what it has begun when it fails: an interrupt calls `cancel`, which makes it
   * fail.
   *
   * @throws Interrupted after an interrupt, unless the work succeeded all the same
   */
  undoable<T>(work: () => Promise<T>, cancel: () => void): Promise<T>;
}

export interface ViewRequest extends OutputOptions {
  /** The plan of a `destroy`: its messages differ. */
  destroy?: boolean;
  /** No plan, one line per change: the command itself states what it does. */
  brief?: boolean;
  /** Report failures only. */
  silent?: boolean;
}

export interface ApprovalRequest extends Pick<OutputOptions, 'quiet' | 'json'> {
  destroy: boolean;
  /** Data that will be lost. */
  losses?: readonly Note[];
}

/** One value on one line, for `report`. */
export const jsonLine = (value: unknown): string => `${jsonText(value)}\n`;
