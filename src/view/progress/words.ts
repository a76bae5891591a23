import type { Event, UnitAction } from '../../model/events.js';
import { printable } from '../../model/printable.js';

const WORDS: Record<UnitAction, [doing: string, done: string]> = {
  create: ['creating', 'created'],
  update: ['updating', 'updated'],
  delete: ['destroying', 'destroyed'],
  forget: ['forgetting', 'forgotten'],
  refresh: ['refreshing', 'refreshed'],
};

/** `container.web-1: created (0.3 s)`; undefined for what is not worth a line of its own. */
export function sentence(event: Event): string | undefined {
  switch (event.type) {
    case 'unit-started':
      return `${event.address}: ${WORDS[event.action][0]}…`;
    case 'unit-done':
      return `${event.address}: ${WORDS[event.action][1]} (${seconds(event.ms)})`;
    case 'unit-failed':
      return `${event.address}: failed: ${printable(event.error.split('\n')[0] ?? '')}`;
    case 'unit-skipped':
      return `${event.address}: not done: ${printable(event.cause)}`;
    case 'rollback-started':
    case 'rollback-finished':
      return rollbackText(event);
    default:
      return undefined;
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** Of a roll-out that has failed; undefined for any other event. */
export function rollbackText(event: Event): string | undefined {
  if (event.type === 'rollback-started') {
    return `Rolling back ${event.service}: ${printable(event.cause.split('\n')[0] ?? '')}`;
  }
  if (event.type !== 'rollback-finished') return undefined;
  const { service } = event;
  return event.result === 'done'
    ? `Error: ${service} is as it was before: what the file asks for was not put in place, and is not tried again until the file or image changes`
    : `Error: ${service} is not rolled back: ${printable(event.error)}`;
}
