import type { Event, UnitAction } from '../../model/events.js';
import { printable } from '../value.js';

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
      return `${event.address}: not done: ${event.cause}`;
    default:
      return undefined;
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
