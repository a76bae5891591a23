import { broaderRule } from '../../model/devices.js';
import { IO_RATES, volumeOf } from '../../model/limits.js';
import type { Problems } from '../problem.js';
import type { Service, ValidationContext } from './validation-context.js';

/** The kernel kills a container at once with less memory. */
const MIN_MEMORY = 4 * 1024 ** 2;
/** A lower rate would not let a single block through per second. */
const MIN_RATE = 4096;

export function checkLimits(
  service: Service,
  { problems, volumes }: Pick<ValidationContext, 'problems' | 'volumes'>,
): void {
  const { memory, memory_reservation, memory_swap, cpuset } = service.entry.limits;
  const at = (name: string) => [...service.path, 'limits', name];
  if (memory !== undefined && memory < MIN_MEMORY) {
    problems.atValue(at('memory'), 'memory must be at least 4M');
  }
  if (memory_reservation !== undefined && memory_reservation >= (memory ?? Infinity)) {
    problems.atValue(at('memory_reservation'), 'memory_reservation must be less than memory');
  }
  if (memory_swap !== undefined && memory_swap !== -1 && memory_swap < (memory ?? Infinity)) {
    const cause =
      memory === undefined ? 'memory_swap goes with memory' : 'memory_swap is less than memory';
    problems.atValue(at('memory_swap'), cause, 'it is the sum of memory and swap');
  }
  if (cpuset?.split(',').some(isBackwards)) {
    problems.atValue(at('cpuset'), `the CPUs ${cpuset} contain a range that ends before it begins`);
  }
  checkIo(service, problems);
  checkVolumeDevices(service, volumes, problems);
  checkDevices(service, problems);
}

function isBackwards(range: string): boolean {
  const [from = '', to = from] = range.split('-');
  return Number(from) > Number(to);
}

function checkIo({ path, entry }: Service, problems: Problems): void {
  const seen = new Set<string>();
  for (const [index, limit] of (entry.limits.io ?? []).entries()) {
    const at = [...path, 'limits', 'io', index];
    if (seen.has(limit.device)) problems.atValue(at, `two throttles for ${limit.device}`);
    seen.add(limit.device);
    if (IO_RATES.every((rate) => limit[rate] === undefined)) {
      problems.atValue(at, 'a throttle needs a rate', `one of ${IO_RATES.join(', ')}`);
    }
    for (const rate of ['read_bps', 'write_bps'] as const) {
      if ((limit[rate] ?? MIN_RATE) >= MIN_RATE) continue;
      problems.atValue([...at, rate], 'a rate must be at least 4K a second');
    }
  }
}

/** Only a volume with a size has a device of its own. */
function checkVolumeDevices(
  { path, entry }: Service,
  volumes: ValidationContext['volumes'],
  problems: Problems,
): void {
  for (const [index, { device }] of (entry.limits.io ?? []).entries()) {
    const name = volumeOf(device);
    if (name === undefined) continue;
    const at = [...path, 'limits', 'io', index];
    const volume = volumes[name];
    if (!entry.volumes.some(({ type, source }) => type === 'volume' && source === name)) {
      problems.atValue(at, `it does not mount volume ${name}`);
    } else if (volume && !volume.external && volume.size === undefined) {
      const hint = `give it one: volumes: { ${name}: { size: 10G } }`;
      problems.atValue(at, `volume ${name} has no size, so it has no device of its own`, hint);
    }
  }
}

/** Cgroup v1 can revoke a rule only in the same form, and would otherwise mean something else. */
function checkDevices({ path, entry }: Service, problems: Problems): void {
  const rules = entry.limits.devices ?? [];
  for (const [index, rule] of rules.entries()) {
    const wider = 'deny' in rule ? broaderRule(rules, index) : undefined;
    if (wider === undefined) continue;
    problems.atValue(
      [...path, 'limits', 'devices', index],
      `part of ${wider}, which is allowed, cannot be denied`,
      `deny ${JSON.stringify(wider)} as a whole, and allow the remaining devices`,
    );
  }
}
