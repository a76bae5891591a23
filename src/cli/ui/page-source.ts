import type { ReadOnlyContext } from '../../app/context.js';
import { errorText } from '../../app/failure.js';
import { observeFarms } from '../../app/farm-data.js';
import { listJobs } from '../../app/jobs/jobs.js';
import { planStack } from '../../app/make-plan.js';
import { topologyOf } from '../../app/topology.js';
import { sampleUsage, statsBetween, type UsageSample } from '../../app/usage.js';
import type { Probe } from '../../host/ports.js';
import type { LoggedEvent } from '../../model/events.js';
import type { InstallPaths } from '../../model/install-paths.js';
import type { Row } from '../../model/resource.js';
import type { ContainerStats } from '../../model/usage.js';
import { followEvents, readEvents } from '../../state/events-log.js';
import type { State } from '../../state/state.js';
import type { PageData, Pending, Use } from '../../view/page/page-data.js';
import { PLACES } from '../../view/page/sections/containers.js';

const EVENTS = 12;

/** Milliseconds: a slow proxy must not delay the page by more than 2 s. */
const PROXY_LIMIT = 500;

/**
 * Observes a stack at each call.
 *
 * @param filed whether the stack has a file, and thus a plan
 */
export function pageSource(
  context: ReadOnlyContext,
  stack: string,
  filed: boolean,
): () => Promise<PageData> {
  const { paths } = context;
  const [meter, events] = [usageMeter(paths), lastEvents(context, stack)];
  const pending = filed ? pendingPlan(context) : async () => NO_FILE;
  return async () => {
    const state = context.state();
    const { rows } = state;
    const own = rows.filter((row) => row.stack === stack);
    const probe = await context.probe();
    return {
      topology: topologyOf(stack, rows, probe, paths),
      uses: meter(own, probe),
      farms: await observeFarms(own, probe, PROXY_LIMIT),
      jobs: listJobs(own, stack),
      events: events(),
      pending: await pending(state),
    };
  };
}

const NO_FILE: Pending = { unknown: 'Started with --stack: there is no file to compare with.' };

/** The events of one stack, newest first. */
function lastEvents({ paths }: ReadOnlyContext, stack: string): () => LoggedEvent[] {
  const fresh = followEvents(paths);
  let all = readEvents(paths);
  return () => {
    all = [...all, ...fresh()].filter((each) => each.stack === stack).slice(-EVENTS);
    return [...all].reverse();
  };
}

/** Minimum milliseconds between two plans. */
const PAUSE = 3000;
/** A plan that takes long, because it reads the files of images, is made less often. */
const SHARE = 20;

/** Makes the pending plan from time to time, and returns the last one in between. */
export function pendingPlan(context: ReadOnlyContext): (state: State) => Promise<Pending> {
  let last: Pending;
  let due = 0;
  return async (state) => {
    const start = performance.now();
    if (start < due) return last;
    last = await attempt(context, state);
    const end = performance.now();
    due = end + Math.max(PAUSE, SHARE * (end - start));
    return last;
  };
}

async function attempt(context: ReadOnlyContext, state: State): Promise<Pending> {
  try {
    return { plan: await planStack(context, await context.config(), state, {}) };
  } catch (error) {
    return { unknown: errorText(error).trimEnd() };
  }
}

/** The usage of containers, by name, between two calls. */
export function usageMeter(
  paths: InstallPaths,
): (rows: readonly Row[], probe: Probe) => Map<string, Use> {
  let before: UsageSample[] = [];
  let at = performance.now();
  let last = new Map<string, Use>();
  return (rows, probe) => {
    const containers = rows.filter(({ kind }) => kind === 'container');
    const now = sampleUsage(containers, probe, paths);
    const seconds = (performance.now() - at) / 1000;
    const stats = statsBetween(before, now);
    last = new Map(stats.map((each) => [each.name, usageOf(each, last.get(each.name), seconds)]));
    before = now;
    at = performance.now();
    return last;
  };
}

function usageOf(now: ContainerStats, before: Use | undefined, seconds: number): Use {
  const [written, read] = [writtenBytes(now), readBytes(now)];
  const rate = (to: number, from: number | undefined) =>
    from === undefined ? 0 : Math.max(0, to - from) / seconds;
  return {
    ...now,
    rates: {
      received: rate(now.network.received, before?.network.received),
      sent: rate(now.network.sent, before?.network.sent),
      read: rate(read, before && readBytes(before)),
      written: rate(written, before && writtenBytes(before)),
    },
    history: [...(before?.history ?? []), now.cpu_percent].slice(-PLACES),
  };
}

const readBytes = ({ io }: ContainerStats) => io.reduce((sum, each) => sum + each.read_bytes, 0);
const writtenBytes = ({ io }: ContainerStats) =>
  io.reduce((sum, each) => sum + each.write_bytes, 0);
