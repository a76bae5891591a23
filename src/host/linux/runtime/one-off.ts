import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Site } from '../../../model/site.js';
import type { Foreground, StartedInForeground } from '../../host.js';
import { identify, signalProcess } from './process.js';
import { keepStarted, pidIn } from './started.js';

interface Watched {
  id: string;
  /** Name of the runtime. */
  runtime: string;
  /** The runtime writes the pid of the container's first process there. */
  pidFile: string;
  /** Milliseconds from being told to stop to SIGKILL. */
  grace: number;
}

/**
 * Watches a container in the foreground: tells when it has started, so that it is found by its id like
 * any other, and ends it when it is told to and its first process does not end by the signal that it
 * got, as one without a handler for it (pid_namespaces(7)).
 *
 * @returns ends the watch
 */
export function watchOneOff(
  site: Site,
  watched: Watched,
  { started, stop }: Pick<Foreground, 'started' | 'stop'>,
): () => void {
  const over = new AbortController();
  void follow(site, watched, { started, stop, over: over.signal }).catch(() => undefined);
  return () => over.abort();
}

async function follow(
  site: Site,
  { id, runtime, pidFile, grace }: Watched,
  { started, stop, over }: Pick<Foreground, 'started' | 'stop'> & { over: AbortSignal },
): Promise<void> {
  let first: ReturnType<typeof identify>;
  for (let pause = 5; !over.aborted; pause = Math.min(pause * 1.5, 100)) {
    const pid = pidIn(pidFile);
    first = pid === undefined ? undefined : identify(pid);
    if (pid !== undefined) break;
    await sleep(pause, undefined, { signal: over });
  }
  if (!first) return;
  const known: StartedInForeground = {
    ...first,
    started_at: new Date().toISOString(),
    runtime,
  };
  keepStarted(site, id, known);
  started(known);
  if (!stop.aborted) await aborted(stop);
  await sleep(grace, undefined, { signal: over });
  signalProcess(first, constants.signals.SIGKILL);
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
