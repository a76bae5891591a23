import type { Limits } from '../../../model/config.js';
import type { OciResources } from './oci.js';

/** Microseconds over which a CPU quota counts; the kernel's default. */
const CPU_PERIOD = 100_000;

/** null zero full random urandom tty ptmx and the pseudoterminals: kernel's devices.txt. */
const CHARACTER_DEVICES: [major: number, minor?: number][] = [
  ...[3, 5, 7, 8, 9].map((minor): [number, number] => [1, minor]),
  [5, 0],
  [5, 2],
  [136],
];

/** @param swapLimit whether the kernel can limit swap at all */
export function resourcesOf(limits: Limits, swapLimit: boolean): OciResources {
  const { memory } = limits;
  const cpu = cpuOf(limits);
  return {
    devices: deviceRules(),
    pids: { limit: limits.pids },
    ...(memory !== undefined && {
      memory: { limit: memory, ...(swapLimit && { swap: memory }) },
    }),
    ...(Object.keys(cpu).length > 0 && { cpu }),
  };
}

function cpuOf({ cpus, cpu_shares, cpuset }: Limits): NonNullable<OciResources['cpu']> {
  return {
    ...(cpus !== undefined && { quota: Math.round(cpus * CPU_PERIOD), period: CPU_PERIOD }),
    ...(cpu_shares !== undefined && { shares: cpu_shares }),
    ...(cpuset !== undefined && { cpus: cpuset }),
  };
}

function deviceRules(): OciResources['devices'] {
  const allowed = CHARACTER_DEVICES.map(([major, minor]) => ({
    allow: true,
    type: 'c',
    major,
    ...(minor !== undefined && { minor }),
    access: 'rwm',
  }));
  return [{ allow: false, access: 'rwm' }, ...allowed];
}
