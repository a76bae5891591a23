import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Site } from '../../../model/site.js';
import { readText } from '../read.js';
import { exitsDir } from './layout.js';
import { ended } from './process.js';
import { isMonitored, runningContainer } from './started.js';

/**
 * Waits for a container to end, if it runs. Answers its exit code; undefined when nobody has kept
 * it, as for one that was stopped or that no monitor watched.
 */
export async function waitForEnd(site: Site, id: string): Promise<number | undefined> {
  const container = runningContainer(site, id);
  if (container) await ended(container, Number.POSITIVE_INFINITY);
  while (exitCode(site, id) === undefined && isMonitored(site, id)) await sleep(20);
  return exitCode(site, id);
}

function exitCode(site: Site, id: string): number | undefined {
  const text = readText(join(exitsDir(site), id))?.trim();
  return text && /^\d+$/.test(text) ? Number(text) : undefined;
}
