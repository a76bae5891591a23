import type { Traffic } from '../../model/usage.js';
import { readText } from './read.js';

/** Counters of the network namespace of a process, without entering it; proc_pid_net(5), dev. */
export function trafficOf(pid: number): Traffic {
  const lines = (readText(`/proc/${pid}/net/dev`) ?? '').split('\n').slice(2);
  const counted = lines.flatMap((line) => {
    const [name = '', rest] = line.split(':');
    const fields = rest?.trim().split(/\s+/).map(Number);
    return fields && name.trim() !== 'lo'
      ? [{ received: fields[0] ?? 0, sent: fields[8] ?? 0 }]
      : [];
  });
  return {
    received: counted.reduce((sum, each) => sum + each.received, 0),
    sent: counted.reduce((sum, each) => sum + each.sent, 0),
  };
}
