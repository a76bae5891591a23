import type { Path } from '../../../config/document.js';
import { suggest } from '../../../config/suggest.js';
import type { ParseContext } from '../../../config/values.js';
import { SIGNAL_NAMES, signalName } from '../../../model/signals.js';
import { resolvedKey, spec } from './key.js';

export const stop_signal = resolvedKey({
  schema: {
    description:
      'The signal that asks the container to stop, by name or number: TERM, SIGRTMIN+3, 15.',
    type: ['string', 'integer'],
    default: 'SIGTERM',
  },
  read: (raw: string | number | undefined, path, reading) => signalOf(raw, path, reading),
  as: 'stop_signal',
  spec: spec<string>(),
  change: 'record',
  release: true,
  flag: { flags: '--stop-signal <signal>', help: 'what asks it to end (SIGTERM)' },
});

/** Undefined for none, and for one that does not exist. */
export function signalOf(
  raw: string | number | undefined,
  path: Path,
  { problems }: ParseContext,
): string | undefined {
  if (raw === undefined) return undefined;
  const text = String(raw);
  const name = signalName(text);
  if (name !== undefined) return name;
  const meant = text.toUpperCase().replace(/^(?!SIG)/, 'SIG');
  problems.atValue(path, `unknown signal ${JSON.stringify(raw)}`, () =>
    suggest(meant, SIGNAL_NAMES),
  );
  return undefined;
}
