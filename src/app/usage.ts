import type { Probe } from '../host/ports.js';
import { byName } from '../model/address.js';
import { cgroupPath, type InstallPaths } from '../model/install-paths.js';
import type { Row } from '../model/resource.js';
import type { ContainerFacts, ContainerSpec } from '../model/specs.js';
import type { ContainerStats, Traffic, Usage } from '../model/usage.js';

/** Traffic of the host's interfaces does not belong to one container. */
const NO_TRAFFIC: Traffic = { received: 0, sent: 0 };

/** The usage of one container so far. */
export interface UsageSample {
  row: Row<ContainerSpec, ContainerFacts>;
  usage: Usage;
  network: Traffic;
  /** Milliseconds of a monotonic clock. */
  at: number;
}

/** The usage of all running containers. */
export function sampleUsage(
  rows: readonly Row[],
  probe: Probe,
  paths: InstallPaths,
): UsageSample[] {
  return (rows as Row<ContainerSpec, ContainerFacts>[]).flatMap((row) => {
    const { pid, start_time, boot_id } = row.facts;
    if (
      pid === undefined ||
      boot_id !== probe.bootId ||
      probe.process(pid)?.start_time !== start_time
    ) {
      return [];
    }
    const usage = probe.usage(cgroupPath(paths, row.spec.id));
    if (!usage) return [];
    const network = row.spec.host_network || row.spec.egress ? NO_TRAFFIC : probe.traffic(pid);
    return [{ row, usage, network, at: performance.now() }];
  });
}

/** Rates of containers that were there at both times, by stack and name. */
export function statsBetween(before: UsageSample[], now: UsageSample[]): ContainerStats[] {
  const earlier = new Map(before.map((each) => [each.row.facts.pid, each]));
  const stats = now.flatMap((each): ContainerStats[] => {
    const { row, usage, network, at } = each;
    const first = earlier.get(row.facts.pid);
    if (!first) return [];
    const share = (usage.cpu_time - first.usage.cpu_time) / ((at - first.at) / 1000);
    const { memory } = row.spec.limits;
    return [
      {
        name: row.name,
        stack: row.stack,
        cpu_percent: Math.round(share * 10_000) / 100,
        ...usage,
        ...(memory !== undefined && { memory_limit: memory }),
        network,
      },
    ];
  });
  return stats.sort((a, b) => byName(a.stack, b.stack) || byName(a.name, b.name));
}
