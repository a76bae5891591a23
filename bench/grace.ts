import { join } from 'node:path';
import { baleine } from './baleine.js';
import { median } from './time.js';

/** Grace period of the containers that ignore the signal, in milliseconds. */
export const GRACE = 2000;

const REACTING = 'trap "exit 0" TERM; while :; do busybox sleep 0.2; done';
const IGNORING = 'trap "" TERM; while :; do busybox sleep 0.2; done';

/** Medians in milliseconds of stopping and removing containers that end at SIGTERM, and that ignore it. */
export function graceTimes(
  dir: string,
  containers: number,
  rounds: number,
): { reacting: number; ignoring: number } {
  const [reacting, ignoring] = [REACTING, IGNORING].map((script, index) =>
    baleine(join(dir, String(index)), containers, {
      command: ['busybox', 'sh', '-c', script],
      stop_signal: 'SIGTERM',
      stop_grace_period: `${GRACE / 1000}s`,
    }),
  );
  const times = [reacting, ignoring].map((subject) => ({ subject, taken: [] as number[] }));
  for (const { subject } of times) subject?.start();
  for (let round = 0; round < rounds; round++) {
    for (const { subject, taken } of times) {
      if (!subject) continue;
      subject.prepare();
      subject.up();
      taken.push(subject.down());
    }
  }
  const [first = 0, second = 0] = times.map(({ taken }) => median(taken));
  return { reacting: first, ignoring: second };
}
