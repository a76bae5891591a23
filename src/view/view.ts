import type { Event, Outcome } from '../model/events.js';
import type { Plan } from '../model/plan.js';

/**
 * How a plan and its carrying out are shown. Views consume what happens and decide nothing. An
 * error that ends a command is not theirs: main.ts prints it.
 */
export interface View {
  /** What would be done. */
  plan(plan: Plan): Promise<void>;
  /** It is about to be done; resolves when the view is ready for events. */
  start(plan: Plan): Promise<void>;
  event(event: Event): void;
  /** After the last event. */
  finish(plan: Plan, outcome: Outcome): Promise<void>;
}

export interface ViewOptions {
  style: 'tasks' | 'plain' | 'json' | 'quiet' | 'brief';
  /** Colour the plan on standard output. */
  color: boolean;
  /** A `destroy`: its words differ. */
  destroy: boolean;
  out: Sink;
  err: Sink;
}

/** Takes whole lines, newline included. */
export type Sink = (text: string) => void;
