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

export type Paint = (color: keyof typeof CODES, text: string) => string;

const CODES = { red: 31, green: 32, yellow: 33, bold: 1, dim: 2 } as const;

/** Colors text, or returns it unchanged. For single lines: each call ends with a reset. */
export function painter(color: boolean): Paint {
  return color ? (name, text) => `\x1b[${CODES[name]}m${text}\x1b[0m` : (_name, text) => text;
}

/** Whether to color a stream: a terminal, no `--no-color`, NO_COLOR unset or empty (no-color.org). */
export function wantsColor(
  stream: { isTTY?: boolean },
  option: boolean,
  environment: NodeJS.ProcessEnv = process.env,
): boolean {
  return stream.isTTY === true && option && !environment.NO_COLOR;
}
