import type { Path } from '../../config/document.js';
import type { IoLimit, Limits } from '../../model/config.js';
import type { Losses } from '../rows.js';
import { argument, CONTAINER, type Draft } from './draft.js';

/** Limits, as options of podman-run(1). */
export function writeLimits(limits: Limits, draft: Draft, at: Path, losses: Losses): void {
  const { memory, memory_reservation, memory_swap, memory_swappiness, cpus, cpu_shares, cpuset } =
    limits;
  const { pids, io = [], devices = [], net_class } = limits;
  draft.unit.add(CONTAINER, 'PidsLimit', String(pids));
  const args = {
    memory,
    'memory-reservation': memory_reservation,
    // no swap unless it is said
    'memory-swap': memory_swap ?? memory,
    'memory-swappiness': memory_swappiness,
    cpus,
    'cpu-shares': cpu_shares,
    'cpuset-cpus': cpuset,
  };
  for (const [option, value] of Object.entries(args)) {
    if (value !== undefined) argument(draft, `--${option}=${value}`);
  }
  for (const [index, each] of io.entries()) writeIo(each, draft, [...at, 'io', index], losses);
  for (const [index, rule] of devices.entries()) {
    if ('allow' in rule) argument(draft, `--device-cgroup-rule=${rule.allow}`);
    else losses.lose([...at, 'devices', index], 'there are only rules that allow');
  }
  if (net_class !== undefined) losses.lose([...at, 'net_class'], 'Podman sets no traffic class');
}

function writeIo({ device, ...rates }: IoLimit, draft: Draft, at: Path, losses: Losses): void {
  if (!device.startsWith('/')) {
    losses.lose(at, `${device} is no block device there`);
    return;
  }
  for (const [rate, value] of Object.entries(rates)) {
    argument(draft, `--device-${rate.replace('_', '-')}=${device}:${value}`);
  }
}
