import type { Event, Outcome } from '../model/events.js';
import type { Plan } from '../model/plan.js';

/**
 * How a plan and its execution are shown. Views consume events and decide nothing. main.ts prints an
 * error that ends a command.
 */
export interface View {
  /** Shows the planned changes. */
  plan(plan: Plan): Promise<void>;
  /** Called before execution; resolves when the view is ready for events. */
  start(plan: Plan): Promise<void>;
  event(event: Event): void;
  /** Called after the last event. */
  finish(plan: Plan, outcome: Outcome): Promise<void>;
}

export interface ViewOptions {
  style: 'tasks' | 'plain' | 'json' | 'quiet' | 'brief';
  /** Color the plan on standard output. */
  color: boolean;
  /** A `destroy`: its messages differ. */
  destroy: boolean;
  out: Sink;
  err: Sink;
}

/** Takes whole lines, newline included. */
export type Sink = (text: string) => void;
