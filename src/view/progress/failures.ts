import type { Outcome } from '../../model/events.js';
import { printable } from '../value.js';
import type { Sink } from '../view.js';

/** All that failed and all that was not tried because of it. */
export function printFailures({ failed, skipped }: Outcome, err: Sink): void {
  for (const { address, error, hint } of failed) {
    err(`Error: ${address}: ${lines(error)}\n`);
    if (hint) err(`  ${lines(hint)}\n`);
  }
  const causes = new Set(skipped.map(({ cause }) => cause));
  for (const cause of causes) {
    const those = skipped.filter((each) => each.cause === cause);
    const addresses = new Set(those.map(({ address }) => address));
    err(`Not done (${cause}): ${[...addresses].join(', ')}\n`);
  }
}

function lines(text: string): string {
  return text.split('\n').map(printable).join('\n  ');
}
