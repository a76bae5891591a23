import type { Event, Failure, Outcome, UnitAction } from '../../model/events.js';
import { printable } from '../../model/printable.js';
import type { Sink } from '../view.js';

const VERBS: Record<UnitAction, [doing: string, done: string]> = {
  create: ['creating', 'created'],
  update: ['updating', 'updated'],
  delete: ['destroying', 'destroyed'],
  forget: ['forgetting', 'forgotten'],
  refresh: ['refreshing', 'refreshed'],
};

/** `container.web-1: created (0.3 s)`; undefined for events that get no line. */
export function sentence(event: Event): string | undefined {
  switch (event.type) {
    case 'unit-started':
      return `${event.address}: ${VERBS[event.action][0]}…`;
    case 'unit-done':
      return `${event.address}: ${VERBS[event.action][1]} (${[seconds(event.ms), ...(event.notes ?? [])].join(', ')})`;
    case 'unit-failed':
      return `${event.address}: failed: ${printable(event.error.split('\n')[0] ?? '')}`;
    case 'unit-skipped':
      return `${event.address}: not done: ${printable(event.cause)}`;
    case 'rollback-started':
    case 'rollback-finished':
      return rollbackText(event);
    default:
      return undefined;
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** The message about a failed rolling update; undefined for any other event. */
export function rollbackText(event: Event): string | undefined {
  if (event.type === 'rollback-started') {
    return `Rolling back ${event.service}: ${printable(event.cause.split('\n')[0] ?? '')}`;
  }
  if (event.type !== 'rollback-finished') return undefined;
  const { service } = event;
  return event.result === 'done'
    ? `Error: ${service} is as it was before: what the file asks for was not put in place, and is not tried again until the file or image changes`
    : `Error: ${service} is not rolled back: ${printable(event.error)}`;
}

/** All failures, and all units skipped because of them; a common cause is printed once. */
export function printFailures(
  { failed, skipped, unsteady = [], warnings = [] }: Outcome,
  err: Sink,
): void {
  printEach('Error', failed, err);
  printEach('Warning', unsteady, err);
  printEach('Warning', warnings, err);
  for (const [{ cause }, addresses] of grouped(skipped, (skip) => skip.cause)) {
    err(`Not done (${printable(cause)}): ${addresses}\n`);
  }
}

function printEach(word: string, failures: readonly Failure[], err: Sink): void {
  for (const [{ error, hint }, addresses] of grouped(failures, ({ error }) => error)) {
    err(`${word}: ${addresses}: ${lines(error)}\n`);
    if (hint) err(`  ${lines(hint)}\n`);
  }
}

/** The first failure of each group, and the addresses of the group. */
function grouped<T extends { address: string }>(
  items: readonly T[],
  keyOf: (item: T) => string,
): [first: T, addresses: string][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups.values()].map((group) => {
    const addresses = new Set(group.map(({ address }) => address));
    return [group[0] as T, [...addresses].join(', ')];
  });
}

function lines(text: string): string {
  return text.split('\n').map(printable).join('\n  ');
}
