import { sampleUsage, statsBetween, type UsageSample } from '../../app/usage.js';
import type { Probe } from '../../host/ports.js';
import type { InstallPaths } from '../../model/install-paths.js';
import type { Row } from '../../model/resource.js';
import type { ContainerStats } from '../../model/usage.js';
import type { Use } from '../../view/page/page-data.js';
import { PLACES } from '../../view/page/sections/containers.js';

/** What containers use, by name, from one call to the next. */
export function usageMeter(
  site: InstallPaths,
): (rows: readonly Row[], probe: Probe) => Map<string, Use> {
  let before: UsageSample[] = [];
  let at = performance.now();
  let last = new Map<string, Use>();
  return (rows, probe) => {
    const containers = rows.filter(({ kind }) => kind === 'container');
    const now = sampleUsage(containers, probe, site);
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
