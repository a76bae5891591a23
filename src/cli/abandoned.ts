import { bootId, startTime } from '../host/linux/processes.js';
import type { Row } from '../model/resource.js';
import type { ContainerSpec } from '../model/specs.js';

/** Whether it is a one-off container whose `baleine run` is no more: nobody waits for it. */
export function isAbandoned({ kind, spec }: Row): boolean {
  const { one_off: run } = kind === 'container' ? (spec as ContainerSpec) : {};
  return run !== undefined && (startTime(run.pid) !== run.start_time || bootId() !== run.boot_id);
}
