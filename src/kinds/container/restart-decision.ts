import { describeExit } from '../../model/exit.js';
import { describeFailures, type HealthRecord, isUnhealthy } from '../../model/health.js';
import { equal } from '../../model/json.js';
import type { Resource, Row } from '../../model/resource.js';
import type { ContainerFacts, ContainerSpec } from '../../model/specs.js';
import type { Facts } from '../../model/step.js';
import { backoff, consecutiveRestarts } from '../../model/time.js';
import { healthAfter } from './health.js';
import type { ContainerSeen } from './observe.js';

type ContainerRow = Row<ContainerSpec, ContainerFacts>;

/** What to do with a container that has ended or is unhealthy. */
export type RestartDecision =
  | { act: 'start' | 'restart' | 'stop'; reason: string }
  | {
      act: 'leave';
      /** Shown in the plan when the container is not well. */
      note?: string;
    };

/** @param changed its entry in the file has changed: it is then retried at once */
export function decideRestart(
  desired: ContainerSpec,
  row: ContainerRow,
  seen: ContainerSeen,
  changed: boolean,
): RestartDecision {
  return seen.running
    ? whileRunning(desired, row, seen, changed)
    : whileEnded(desired, row, seen, changed);
}

function whileEnded(
  desired: ContainerSpec,
  row: ContainerRow,
  seen: ContainerSeen,
  changed: boolean,
): RestartDecision {
  const { facts } = row;
  if (facts.halted !== undefined && !changed) {
    return { act: 'leave', note: `is stopped: ${facts.halted}` };
  }
  if (facts.pid === undefined) return { act: 'start', reason: 'process was never started' };
  if (!mayRestart(desired, seen, facts)) return { act: 'leave' };
  const start = { act: 'start', reason: whyEnded(facts, seen) } as const;
  return (changed || seen.rebooted ? undefined : postponed(desired, row, seen)) ?? start;
}

/** Whether it has ended, and nothing restarts it before somebody asks for it. */
export function staysEnded({ spec, facts }: ContainerRow, seen: ContainerSeen): boolean {
  if (seen.running || facts.pid === undefined) return false;
  return facts.halted !== undefined || !mayRestart(spec, seen, facts);
}

/** Whether the restart policy allows a restart of an ended container. */
function mayRestart(
  { restart }: ContainerSpec,
  { exit }: ContainerSeen,
  { ended }: ContainerFacts,
): boolean {
  // the host forgets exit codes at a reboot
  const code = exit?.code ?? ended?.code;
  return restart.name === 'always' || (restart.name === 'on-failure' && code !== 0);
}

function whyEnded({ pid }: ContainerFacts, { rebooted, exit }: ContainerSeen): string {
  if (rebooted) return 'the host has rebooted';
  return exit ? `process ${pid} ended with ${describeExit(exit)}` : `process ${pid} is gone`;
}

function whileRunning(
  desired: ContainerSpec,
  row: ContainerRow,
  seen: ContainerSeen,
  changed: boolean,
): RestartDecision {
  if (seen.paused) return { act: 'leave', note: pausedNote(seen) };
  const check = desired.healthcheck;
  const record = healthAfter(desired, row.facts, seen);
  if (!check || !record) return { act: 'leave' };
  const failures = describeFailures(record);
  if (!isUnhealthy(check, record)) {
    return record.failures === 0
      ? { act: 'leave', note: `is starting: ${record.reason}` }
      : { act: 'leave', note: `is failing: ${failures}, unhealthy at ${check.retries}` };
  }
  const reason = `unhealthy: ${failures}`;
  if (check.on_failure === 'none') return { act: 'leave', note: `is ${reason}` };
  if (check.on_failure === 'stop') return { act: 'stop', reason };
  return (changed ? undefined : postponed(desired, row, seen)) ?? { act: 'restart', reason };
}

function pausedNote({ hold }: ContainerSeen): string {
  if (!hold) return 'is paused: its health is not asked, and nothing of it is healed';
  return hold.alive
    ? `is frozen while baleine ${hold.purpose} works on it, process ${hold.pid}`
    : `is frozen: baleine ${hold.purpose} was killed; the next apply lets it go on`;
}

/** The decision to wait or give up, if it has been restarted too often. */
function postponed(
  { restart }: ContainerSpec,
  row: ContainerRow,
  seen: ContainerSeen,
): RestartDecision | undefined {
  const restarts = inARow(row, seen);
  const cause = seen.running
    ? `unhealthy: ${healthAfter(row.spec, row.facts, seen)?.reason}`
    : seen.exit
      ? `ended with ${describeExit(seen.exit)}`
      : 'gone';
  if (restart.max !== undefined && restarts >= restart.max) {
    const times = restarts === 1 ? 'one restart' : `${restarts} restarts`;
    return { act: 'leave', note: `is given up after ${times} (${cause})` };
  }
  const next = nextTry(row, seen);
  if (next === undefined) return undefined;
  const seconds = Math.ceil((next - seen.now) / 1000);
  return { act: 'leave', note: `is waiting: next try in ${seconds} s (${cause})` };
}

/** The earliest time of its next restart, in milliseconds since 1970; undefined if it may start now. */
export function nextTry(row: ContainerRow, seen: ContainerSeen): number | undefined {
  if (!seen.running && !mayRestart(row.spec, seen, row.facts)) return undefined;
  const left = backoff(inARow(row, seen)) - seen.age;
  return left > 0 && !seen.rebooted ? seen.now + left : undefined;
}

/** The facts about earlier starts that a restarted container's row keeps. */
export function restartFacts(
  row: ContainerRow,
  seen: ContainerSeen,
): Pick<ContainerFacts, 'restarts' | 'last_exit'> {
  const before = row.facts.restarts ?? 0;
  if (seen.rebooted || row.facts.halted !== undefined) return { restarts: 0 };
  const ill = seen.running && isIll(row, seen);
  const ended = !seen.running && row.facts.pid !== undefined;
  const { code, outOfMemory } = seen.exit ?? {};
  return {
    restarts: ill || ended ? inARow(row, seen) + 1 : before,
    ...(code !== undefined && { last_exit: { code, outOfMemory: outOfMemory ?? false } }),
  };
}

/** Whether it should be up and is not. Its restart policy may let it end with 0. */
export function isDown(spec: ContainerSpec, seen: ContainerSeen): boolean {
  if (seen.running || spec.stopped || spec.run) return false;
  return spec.restart.name === 'always' || seen.exit?.code !== 0;
}

/**
 * Whether it is up or has completed, and none of its restarts counts any more.
 *
 * @param least milliseconds that it must have been up
 */
export function isSteady(row: ContainerRow, seen: ContainerSeen, least: number): boolean {
  if (row.spec.stopped || row.spec.run) return true;
  if (row.facts.halted !== undefined || isDown(row.spec, seen)) return false;
  return !seen.running || (inARow(row, seen) === 0 && seen.age >= least);
}

function isIll({ spec, facts }: ContainerRow, seen: ContainerSeen): boolean {
  const { healthcheck } = spec;
  return healthcheck !== undefined && isUnhealthy(healthcheck, healthAfter(spec, facts, seen));
}

function inARow(row: ContainerRow, seen: ContainerSeen): number {
  return consecutiveRestarts(row.facts.restarts ?? 0, wellFor(row, seen));
}

/**
 * How long it has worked since its start, in milliseconds, as far as is known. The recorded times are
 * those at which it stopped working. The clock may have been set, so they are clamped to its lifetime.
 */
function wellFor({ spec, facts }: ContainerRow, seen: ContainerSeen): number {
  const { running, exit, now, age } = seen;
  const health = running ? healthAfter(spec, facts, seen) : facts.health;
  const end = health?.since ?? exit?.at;
  if (end === undefined || (running && !health)) return age;
  const since = now - Date.parse(end);
  return age - Math.min(Math.max(since, 0), age);
}

/** The facts to save of a container that is ill or has ended. Observing a healthy one changes no row. */
export function factUpdate(
  { spec }: Resource<ContainerSpec>,
  row: ContainerRow,
  seen: ContainerSeen,
): Facts | undefined {
  const { facts } = row;
  if (spec.one_off || spec.run) return undefined;
  if (!seen.running) {
    const ended = decideRestart(spec, row, seen, false).act === 'leave' && endOf(facts, seen.exit);
    return !ended || equal(facts.ended, ended) ? undefined : { ended };
  }
  const health: HealthRecord | undefined = healthAfter(spec, facts, seen);
  return equal(health, facts.health) ? undefined : { health };
}

/**
 * How the process has ended, to be recorded, because the host forgets it at a reboot. Undefined if none
 * was started.
 */
export function endOf(
  { pid, ended }: ContainerFacts,
  exit: ContainerSeen['exit'],
): ContainerFacts['ended'] {
  if (pid === undefined) return undefined;
  return exit ? { code: exit.code } : (ended ?? {});
}

export function note(
  { spec }: Resource<ContainerSpec>,
  row: ContainerRow,
  seen: ContainerSeen,
): string | undefined {
  if (spec.one_off) return `is a one-off container of baleine run, process ${spec.one_off.pid}`;
  if (spec.run) return undefined;
  const decision = decideRestart(spec, row, seen, false);
  const notes = [decision.act === 'leave' ? decision.note : undefined, heldNote(spec)];
  return notes.filter((each) => each !== undefined).join('; ') || undefined;
}

function heldNote({ held }: ContainerSpec): string | undefined {
  return held && `is rolled back: the file asks for another ${held.differs.join(', ')}`;
}
