import type { Subject } from './subject.js';

/** In order of execution; `again` has nothing to do, `heal` restarts one container. */
export const WORKS = ['up', 'again', 'heal', 'down'] as const;

export type Work = (typeof WORKS)[number];

export interface Taken {
  name: string;
  /** Milliseconds of each round; empty if the program cannot do it. */
  times: Record<Work, number[]>;
}

/** All rounds of all programs, one program after the other in each round. */
export async function measure(
  subjects: Subject[],
  containers: number,
  rounds: number,
): Promise<Taken[]> {
  const taken = subjects.map(
    ({ name }): Taken => ({ name, times: { up: [], again: [], heal: [], down: [] } }),
  );
  try {
    for (const subject of subjects) await subject.start();
    for (let round = 0; round < rounds; round++) {
      subjects.forEach((subject, at) => void once(subject, containers, taken[at] as Taken));
    }
  } finally {
    for (const subject of subjects) await subject.end();
  }
  return taken;
}

function once(subject: Subject, containers: number, { times }: Taken): void {
  subject.prepare();
  for (const work of WORKS) {
    const took = subject[work]();
    if (took !== undefined) times[work].push(took);
    const left = subject.running();
    const wanted = work === 'down' ? 0 : containers;
    if (left !== wanted) throw new Error(`${subject.name} ${work}: ${left} run, not ${wanted}`);
  }
}
