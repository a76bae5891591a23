import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { TABLES } from '../../../src/app/context.js';
import { RUN } from '../../../src/kinds/job/index.js';
import { installPaths } from '../../../src/model/install-paths.js';
import type { ListedJob } from '../../../src/model/listed-job.js';
import type { Row } from '../../../src/model/resource.js';
import type { JobFacts } from '../../../src/model/specs.js';
import { openStore } from '../../../src/state/store.js';
import { SMALL_IMAGE } from '../../support/small-image.js';
import type { Stack } from './stack.js';

/** A shell script of a job. */
export const script = (text: string) => ['busybox', 'sh', '-c', text.replaceAll('$', '$$$$')];

/** A stack with one job, whose volume has a line for each run. */
export const jobStack = (job: object) => ({
  name: 'jobs',
  images: { box: SMALL_IMAGE },
  volumes: { data: {} },
  jobs: {
    report: { schedule: '0 0 1 1 *', image: 'box', volumes: ['data:/data'], ...job },
  },
});

export const LINE = 'echo run >>/data/log';

/** Jobs of a stack, as the command line, its state and its files have them. */
export class Jobs {
  constructor(
    readonly stack: Stack,
    readonly name = 'jobs',
  ) {}

  async job(name = 'report'): Promise<ListedJob> {
    const jobs: ListedJob[] = JSON.parse(await this.stack.done('job', 'list', '--json'));
    const found = jobs.find((each) => each.name === name);
    if (!found) throw new Error(`no job ${name}`);
    return found;
  }

  /** The next time is put into the past, as if the host had been off since; in milliseconds. */
  async makeDue(ago = 1000, name = 'report'): Promise<void> {
    await this.#edit(name, ({ due = {}, ...facts }) => {
      const task = due[RUN];
      if (!task) throw new Error(`${name} has no next time`);
      const next = Date.now() - ago;
      return { ...facts, due: { ...due, [RUN]: { ...task, next, since: next - 1000 } } };
    });
  }

  async #edit(name: string, change: (facts: JobFacts) => JobFacts): Promise<void> {
    const store = openStore(installPaths(this.stack.host.root), TABLES);
    const row = store.find('job', this.name, name) as Row<unknown, JobFacts>;
    await store.put({ ...row, facts: change(row.facts) });
  }

  /** As from cron. */
  tick() {
    return this.stack.run('apply', '-y', '--quiet', '--lock-skip');
  }

  /** Waits until the run of this number, and no other, has ended and is recorded. */
  async ended(number: number, name = 'report'): Promise<NonNullable<ListedJob['last']>> {
    await expect
      .poll(async () => {
        const { last, running } = await this.job(name);
        return [last?.number, running?.number];
      })
      .toEqual([number, undefined]);
    return (await this.job(name)).last as NonNullable<ListedJob['last']>;
  }

  /** Lines that runs have written to the volume. */
  lines(): number {
    try {
      const path = join(this.stack.host.root, 'volumes', this.name, 'data/log');
      return readFileSync(path, 'utf8').split('\n').length - 1;
    } catch {
      return 0;
    }
  }
}
