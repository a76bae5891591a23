import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../../model/errors.js';
import type { HealthResult, HealthTarget } from '../../../model/health.js';
import { type InstallPaths, lastHealthCheckFile } from '../../../model/install-paths.js';
import type { Health, Runtime } from '../../ports.js';
import { readText } from '../files/read.js';
import { lastLines, shortened } from '../process/output.js';
import { exitsDir } from '../runtime/layout.js';
import { lifeOf } from '../runtime/started.js';
import { isOnNetwork, type NetworkTarget, probeNetworks } from './network.js';

/** Commands that run in containers concurrently; each is a runtime process. */
const MAX_CONCURRENT = 8;

/**
 * Milliseconds after which an unfinished command lets the next one start; it is then only waiting.
 * All checks thus finish within the longest timeout plus this delay per `MAX_CONCURRENT` checks,
 * however many hang.
 */
const SLOW_AFTER = 250;

export function linuxHealth(paths: InstallPaths, runtime: Pick<Runtime, 'execute'>): Health {
  return {
    checkAll: async (targets) => {
      const network = targets.filter(isOnNetwork);
      const answers = new Map<HealthTarget, HealthResult>();
      const keep = (asked: HealthTarget[], got: HealthResult[]) =>
        asked.forEach((target, index) => {
          answers.set(target, got[index] ?? failure('no answer'));
        });
      await Promise.all([
        checkNetworks(paths, network).then((got) => keep(network, got)),
        checkInside(runtime, targets, keep),
      ]);
      return targets.map((target) => answers.get(target) ?? failure('no answer'));
    },
    recordChecks: async (ids) => {
      await Promise.all(
        ids.map((id) => writeFile(lastHealthCheckFile(paths, id), '').catch(unlessGone)),
      );
    },
    life: (id) => lifeOf(paths, id),
    exitCode: (id) => {
      const text = readText(join(exitsDir(paths), id))?.trim();
      return text ? Number(text) : undefined;
    },
  };
}

/**
 * An error that prevents the checks is no container's fault, but then no container is known to be
 * healthy.
 */
async function checkNetworks(
  paths: InstallPaths,
  targets: NetworkTarget[],
): Promise<HealthResult[]> {
  if (targets.length === 0) return [];
  try {
    return await probeNetworks(paths, targets);
  } catch (error) {
    return targets.map(() => failure(messageOf(error)));
  }
}

async function checkInside(
  runtime: Pick<Runtime, 'execute'>,
  targets: HealthTarget[],
  keep: (asked: HealthTarget[], got: HealthResult[]) => void,
): Promise<void> {
  const queue = targets.filter(({ check }) => 'exec' in check);
  const asked: Promise<void>[] = [];
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const target = next;
      const answered = execute(runtime, target).then((answer) => keep([target], [answer]));
      asked.push(answered);
      await Promise.race([answered, sleep(SLOW_AFTER, undefined, { ref: false })]);
    }
  };
  await Promise.all(Array.from({ length: MAX_CONCURRENT }, worker));
  await Promise.all(asked);
}

async function execute(
  runtime: Pick<Runtime, 'execute'>,
  { id, check }: HealthTarget,
): Promise<HealthResult> {
  if (!('exec' in check)) return failure('no command');
  try {
    const answer = await runtime.execute(id, check.exec, { timeout: check.timeout });
    if (!answer) return failure('it does not run');
    if (answer.code === 0) return { healthy: true };
    return failure(
      [`exit code ${answer.code}`, lastLines(answer.output, 1)].filter(Boolean).join(': '),
    );
  } catch (error) {
    // the reader knows the container and the command
    return failure(messageOf(error).replace(/^cannot run \S+ in \S+: \S+: /, ''));
  }
}

/** Characters of a reason: it is a cell of a table, and part of the state. */
const REASON = 120;

/** The reason is untrusted text, such as the last line of a program: shortened to one line. */
const failure = (reason: string): HealthResult => ({
  healthy: false,
  reason: shortened(reason, REASON),
});

/** The container, and its folder, may have been removed in between. */
function unlessGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
