import { readFileSync, readlinkSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { Event, LoggedEvent } from '../model/events.js';
import type { InstallPaths } from '../model/install-paths.js';
import type { Plan } from '../model/plan.js';
import { logEvent } from '../state/events-log.js';

/** Writes the end of every unit into the log, as it happens: a crash loses none of them. */
export function eventLogger(paths: InstallPaths, plan: Plan): (event: Event) => void {
  const who = invokingUser();
  const changes = new Map(plan.changes.map((change) => [change.address, change]));
  const started = new Map<string, number>();
  const log = (
    event: Extract<Event, { unit: string }>,
    more: Pick<LoggedEvent, 'result' | 'error'>,
  ) => {
    const change = changes.get(event.address);
    const since = started.get(event.unit);
    logEvent(paths, {
      at: new Date().toISOString(),
      who,
      stack: plan.stack,
      address: event.address,
      action: 'action' in event ? event.action : 'update',
      drift: change?.drift ?? false,
      reasons: change?.reasons ?? [],
      ms: since === undefined ? 0 : Math.round(performance.now() - since),
      ...more,
    });
  };
  const logRollback = (event: Extract<Event, { type: 'rollback-finished' }>) => {
    const { type: _type, service, ...rest } = event;
    const about = { at: new Date().toISOString(), who, stack: plan.stack, drift: false };
    const why = ['a roll-out has failed'];
    logEvent(paths, {
      ...about,
      address: `farm.${service}`,
      action: 'rollback',
      reasons: why,
      ...rest,
    });
  };
  return (event) => {
    if (event.type === 'rollback-finished') logRollback(event);
    if (event.type === 'unit-started') started.set(event.unit, performance.now());
    if (event.type === 'unit-done') log(event, { result: 'done' });
    if (event.type === 'unit-failed') log(event, { result: 'failed', error: event.error });
    if (event.type === 'unit-skipped') log(event, { result: 'skipped', error: event.cause });
  };
}

/** Who called: `root by cron`, `ann on pts/0`, `root`; for the log of events. */
export function invokingUser(): string {
  const user = process.env.SUDO_USER || userInfo().username;
  if (ancestors().some((name) => name === 'cron' || name === 'crond')) return `${user} by cron`;
  const terminal = [0, 1, 2].map(terminalOf).find(Boolean);
  return terminal ? `${user} on ${terminal}` : user;
}

function terminalOf(descriptor: number): string | undefined {
  const path = attempt(() => readlinkSync(`/proc/self/fd/${descriptor}`)) ?? '';
  return /^\/dev\/((?:pts\/|tty)\w+)$/.exec(path)?.[1];
}

/** Names of the programs that started us, the nearest first. Field 4 of proc_pid_stat(5). */
function ancestors(): string[] {
  const names: string[] = [];
  for (let pid = process.ppid; pid > 0; ) {
    const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? '';
    const [open, close] = [stat.indexOf('('), stat.lastIndexOf(')')];
    names.push(stat.slice(open + 1, close).toLowerCase());
    pid = Number(stat.slice(close + 2).split(' ')[1] ?? 0);
  }
  return names;
}

/** Undefined if a process ended in the meantime. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
