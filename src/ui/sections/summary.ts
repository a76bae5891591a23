import { countChanges } from '../../view/summary.js';
import type { PageLook, Pending } from '../look.js';
import { roughly, tile } from './parts.js';

/** The stack in a few numbers. */
export function summarySection({ topology, uses, farms, pending }: PageLook): string {
  const all = [...uses.values()];
  const sum = (of: (each: (typeof all)[number]) => number) =>
    all.reduce((total, each) => total + of(each), 0);
  const running = topology.containers.filter(({ status }) => status === 'running').length;
  const rate = farms.reduce((total, { traffic }) => total + (traffic?.rate ?? 0), 0);
  const bad = topology.containers.filter(({ tone }) => tone === 'bad').length;
  return [
    tile(`${running} of ${topology.containers.length}`, 'running', bad > 0 ? 'bad' : ''),
    tile(`${sum(({ cpu_percent }) => cpu_percent).toFixed(1)}%`, 'of a CPU'),
    tile(roughly(sum(({ memory }) => memory)), 'memory'),
    ...(farms.length > 0 ? [tile(`${rate}/s`, 'requests')] : []),
    tile(...pendingTile(pending)),
  ].join('');
}

function pendingTile(pending: Pending): [value: string, label: string, kind?: string] {
  if ('unknown' in pending) return ['?', 'pending changes'];
  const { add, change, destroy, forget, refresh = 0 } = countChanges(pending.plan.changes);
  const count = add + change + destroy + forget || refresh;
  const label = count === 1 ? 'pending change' : 'pending changes';
  return count === 0 ? ['none', label] : [String(count), label, 'wait'];
}
