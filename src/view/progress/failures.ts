import type { Failure, Outcome } from '../../model/events.js';
import { printable } from '../../model/printable.js';
import type { Sink } from '../view.js';

/** All that failed and all that was not tried because of it; what has one cause is said once. */
export function printFailures({ failed, skipped, unsteady = [] }: Outcome, err: Sink): void {
  printEach('Error', failed, err);
  printEach('Warning', unsteady, err);
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

/** The first of each group, and the addresses of all in it. */
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
