/** Where a container would see or change the host through /proc and /sys. */
const MASKED = [
  ...['acpi', 'asound', 'interrupts', 'kcore', 'keys', 'latency_stats', 'sched_debug', 'scsi'].map(
    (name) => `/proc/${name}`,
  ),
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
  '/sys/fs/selinux',
];

const READ_ONLY = ['bus', 'fs', 'irq', 'sys', 'sysrq-trigger'].map((name) => `/proc/${name}`);

/** @param thermal each existing /sys/devices/system/cpu/cpuN/thermal_throttle */
export function guardedPaths(unconfined: boolean, thermal: string[]) {
  if (unconfined) return { maskedPaths: [], readonlyPaths: [] };
  return { maskedPaths: [...MASKED, ...thermal], readonlyPaths: READ_ONLY };
}
