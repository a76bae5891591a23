import { poll } from '../../model/poll.js';
import { killContainers } from '../container/running.js';
import type { Context } from '../context.js';
import { INTERRUPTED } from '../failure.js';
import { followLogs, type LogSelection } from '../follow-logs.js';
import { type ContainerRow, selectContainers } from '../lookup.js';
import { isOfService, withDependencies } from '../services.js';
import type { Prepared } from './index.js';

export interface ForegroundOptions {
  /** Stop all when one of them ends, or fails. */
  abort?: 'exit' | 'failure';
  /** The service whose exit code becomes ours. */
  codeFrom?: string;
  /** Grace period in milliseconds before a container is killed; default: its own. */
  timeout?: number;
  /** Milliseconds since 1970: older output is not shown. */
  since: number;
  json?: boolean;
  /** Works beside it until the signal comes. */
  watch?: (signal: AbortSignal) => Promise<void>;
  /** Shows the output of containers as it comes, until it ends. */
  show: (names: readonly string[], open: OpenLogs) => Promise<void>;
}

type OpenLogs = (onGap: (container: string) => void) => ReturnType<typeof followLogs>;

/** Requests of whoever sits at the terminal: to end, and to end at once. */
export interface Requests {
  ask: AbortSignal;
  force: AbortSignal;
}

interface Ended {
  name: string;
  /** Undefined if nobody recorded it. */
  code?: number;
}

/**
 * Shows the output of services that run until all of them have ended, or until they are asked to; then
 * they are stopped, and killed if that is asked for, too. Answers the exit code.
 */
export async function inForeground(
  context: Context,
  { config, selection }: Prepared,
  options: ForegroundOptions,
  requests: Requests,
): Promise<number> {
  const { services } = selection;
  const of: LogSelection = { stack: config.name, names: services };
  const started = services.length > 0 ? withDependencies(config, services) : [];
  const over = new AbortController();
  let { since } = options;
  const open: OpenLogs = (onGap) =>
    followLogs(context, of, { follow: true, since, onGap, signal: over.signal });
  const names = containersOf(context, of).map(({ name }) => name);
  const showAll = async () => {
    await options.show(names, open);
    // the only container is away while it is replaced
    while (options.watch && !over.signal.aborted) {
      since = Date.now();
      await poll(() => false, { pause: 500, limit: 500, signal: over.signal }).catch(
        () => undefined,
      );
      await options.show(names, open);
    }
  };
  const shown = showAll();
  shown.catch(() => undefined);
  const ends = new Map<string, Ended>();
  const watch = watchEnds(context, of, ends, options, AbortSignal.any([requests.ask, over.signal]));
  // what fails first is reported; the other one then ends, too
  watch.catch(() => undefined);
  const ending = AbortSignal.any([requests.ask, over.signal]);
  const beside = options.watch?.(ending) ?? untilAborted(ending);
  beside.catch(() => undefined);
  const work = async () => {
    // a rebuilt container is away for a moment
    await Promise.race([options.watch ? beside : shown, watch, beside]);
    const isOver = !requests.ask.aborted && !isAborting(ends, options);
    const stopping = isOver ? 0 : await stopAll(context, of, started, options, requests.force);
    over.abort();
    await shown;
    await Promise.all([watch, beside]);
    return requests.ask.aborted ? INTERRUPTED : stopping || exitCodeOf(context, ends, options);
  };
  try {
    return await work();
  } finally {
    over.abort();
  }
}

const untilAborted = (signal: AbortSignal) =>
  poll(() => false, { pause: 60_000, signal }).then(
    () => undefined,
    () => undefined,
  );

function containersOf(context: Context, { stack, names }: LogSelection): ContainerRow[] {
  return selectContainers(context.state().rows, stack, names, 'show the log of');
}

/** Notes and reports which have ended, until one should end all or the signal comes. */
async function watchEnds(
  context: Context,
  of: LogSelection,
  ends: Map<string, Ended>,
  options: ForegroundOptions,
  signal: AbortSignal,
): Promise<void> {
  const { health } = await context.host();
  const look = () => {
    for (const row of rowsNow(context, of)) {
      const life = health.life(row.spec.id);
      if (!life || life.running || comesBack(row)) ends.delete(row.name);
      else if (!ends.has(row.name)) {
        const { code } = life;
        ends.set(row.name, { name: row.name, ...(code !== undefined && { code }) });
        if (!options.json) context.frontend.warn(`container.${row.name} ended${withCode(code)}\n`);
      }
    }
    return isAborting(ends, options);
  };
  await poll(look, { pause: 200, signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  // the logs may have ended since the last look
  look();
}

const withCode = (code: number | undefined) => (code === undefined ? '' : ` with ${code}`);

/** Empty while the state cannot be read, as between writes of two tables. */
function rowsNow(context: Context, of: LogSelection): ContainerRow[] {
  try {
    return containersOf(context, of).filter(({ spec }) => !spec.stopped);
  } catch {
    return [];
  }
}

/** Its monitor restarts it. */
const comesBack = ({ spec }: ContainerRow) =>
  spec.heal === 'immediate' && spec.restart.name !== 'no';

function isAborting(ends: ReadonlyMap<string, Ended>, { abort, codeFrom }: ForegroundOptions) {
  const all = [...ends.values()];
  if (codeFrom !== undefined && all.some(({ name }) => isOfService(name, [codeFrom]))) return true;
  if (abort === 'failure') return all.some(({ code }) => code !== 0);
  return abort === 'exit' && all.length > 0;
}

/** Stops the services of an `up` that was interrupted while it started them. */
export async function stopStarted(
  context: Context,
  { config, selection: { services } }: Prepared,
  timeout: number | undefined,
): Promise<void> {
  const started = services.length > 0 ? withDependencies(config, services) : [];
  const options = timeout === undefined ? {} : { timeout };
  const never = new AbortController().signal;
  const { health } = await context.host();
  const isUp = ({ spec }: ContainerRow) => health.life(spec.id)?.running === true;
  await stopAll(context, { stack: config.name, names: [] }, started, options, never, isUp);
}

async function stopAll(
  context: Context,
  of: LogSelection,
  started: readonly string[],
  { timeout }: Pick<ForegroundOptions, 'timeout'>,
  force: AbortSignal,
  isAbout: (row: ContainerRow) => boolean = () => true,
): Promise<number> {
  const { changeLifecycle } = await import('../container/lifecycle.js');
  const isOurs = (row: ContainerRow) =>
    isAbout(row) && (started.length === 0 || isOfService(row.name, started));
  const rows = containersOf(context, { ...of, names: [] }).filter(isOurs);
  if (rows.length === 0) return 0;
  const kill = () => killAll(context, rows);
  force.addEventListener('abort', kill, { once: true });
  const names = rows.map(({ name }) => name);
  // an interrupt asks for more haste: it does not end the run
  const how = { undo: true, ...(timeout !== undefined && { time: timeout }) };
  try {
    return await changeLifecycle(context, 'stop', of.stack, names, how);
  } finally {
    force.removeEventListener('abort', kill);
  }
}

async function killAll(context: Context, rows: readonly ContainerRow[]): Promise<void> {
  for (const row of rows) {
    try {
      for await (const _ of killContainers(context, [row], 'SIGKILL'));
    } catch {
      // it has ended by itself
    }
  }
}

function exitCodeOf(
  context: Context,
  ends: ReadonlyMap<string, Ended>,
  { abort, codeFrom }: ForegroundOptions,
): number {
  const all = [...ends.values()];
  if (codeFrom !== undefined) {
    const own = all.filter(({ name }) => isOfService(name, [codeFrom]));
    if (own.length > 0) return own.find(({ code }) => code !== 0)?.code ?? codeOrFailure(own);
    context.frontend.warn(`Error: ${codeFrom} had not ended when all were stopped\n`);
    return 1;
  }
  if (!abort) return 0;
  return all.find(({ code }) => code !== 0)?.code ?? codeOrFailure(all);
}

/** One whose code nobody recorded counts as failed. */
const codeOrFailure = (ends: readonly Ended[]) =>
  ends.every(({ code }) => code !== undefined) ? 0 : 1;
