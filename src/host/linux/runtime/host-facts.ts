import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { OciProcess } from '../../../model/oci.js';
import type { ContainerSpec } from '../../../model/specs.js';
import { readHierarchies } from '../cgroups/hierarchies.js';
import { resetScheduling } from '../process/attributes.js';
import { capabilitiesIn } from './capabilities.js';

/** What the host allows us to grant to containers. */
export interface HostFacts {
  capabilities: ReadonlySet<string>;
  hardLimits: HardLimits;
  /** Our own; without CAP_SYS_RESOURCE a child's limits cannot be higher. */
  oomScoreAdj: number;
  thermal: string[];
  swapLimit: boolean;
}

/** Names in /proc/PID/limits, proc_pid_limits(5), mapped to setrlimit(2). */
const LIMITS: Record<string, string> = {
  'Max address space': 'as',
  'Max core file size': 'core',
  'Max cpu time': 'cpu',
  'Max data size': 'data',
  'Max file locks': 'locks',
  'Max file size': 'fsize',
  'Max locked memory': 'memlock',
  'Max msgqueue size': 'msgqueue',
  'Max nice priority': 'nice',
  'Max open files': 'nofile',
  'Max pending signals': 'sigpending',
  'Max processes': 'nproc',
  'Max realtime priority': 'rtprio',
  'Max realtime timeout': 'rttime',
  'Max resident set': 'rss',
  'Max stack size': 'stack',
};

let known: HostFacts | undefined;

/** Read once: they do not change while we run. */
export function readHostFacts(): HostFacts {
  // this may raise our limits
  resetScheduling();
  known ??= hostFacts();
  return known;
}

function hostFacts(): HostFacts {
  const status = readFileSync('/proc/self/status', 'utf8');
  return {
    capabilities: capabilitiesIn(/^CapBnd:\s*(\w+)/m.exec(status)?.[1] ?? '0'),
    hardLimits: hardLimitsIn(readFileSync('/proc/self/limits', 'utf8')),
    oomScoreAdj: Number(readFileSync('/proc/self/oom_score_adj', 'utf8')),
    thermal: thermalFolders(),
    swapLimit: canLimitSwap(),
  };
}

export function hardLimitsIn(text: string): HardLimits {
  const entries = text.split('\n').flatMap((line): [string, number][] => {
    const [, label = '', hard = ''] = /^(Max [a-z ]+?)\s{2,}\S+\s+(\S+)/.exec(line) ?? [];
    const name = LIMITS[label];
    return name ? [[name, hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard)]] : [];
  });
  return Object.fromEntries(entries);
}

function thermalFolders(): string[] {
  const parent = '/sys/devices/system/cpu';
  const names = existsSync(parent) ? readdirSync(parent) : [];
  return names
    .filter((name) => /^cpu\d+$/.test(name))
    .map((name) => `${parent}/${name}/thermal_throttle`)
    .filter((path) => existsSync(path));
}

/** In version 1 the file is missing if the kernel does not account swap; version 2 always can. */
function canLimitSwap(): boolean {
  const memory = readHierarchies().v1.get('memory');
  return memory === undefined || existsSync(`${memory}/memory.memsw.limit_in_bytes`);
}

/** By name as in `ulimits:`, `nofile`; setrlimit(2). Infinity for no limit. */
export type HardLimits = Record<string, number>;

const DEFAULT: ContainerSpec['ulimits'] = {
  core: { soft: 0, hard: 0 },
  nofile: { soft: 1024, hard: 524_288 },
};

/**
 * RLIM_INFINITY exceeds the integers that JavaScript can write exactly to JSON; this value is as
 * good as unlimited.
 */
const UNLIMITED = Number.MAX_SAFE_INTEGER;

/**
 * Resource limits of a container's processes. No hard limit exceeds our own, which cannot be raised
 * without CAP_SYS_RESOURCE: a smaller limit is better than no container. A negative number means
 * unlimited.
 */
export function rlimitsOf(wanted: ContainerSpec['ulimits'], ours: HardLimits) {
  return Object.entries({ ...DEFAULT, ...wanted })
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, limit]): OciProcess['rlimits'][number] => {
      const hard = Math.min(amount(limit.hard), ours[name] ?? UNLIMITED);
      const soft = Math.min(amount(limit.soft), hard);
      return { type: `RLIMIT_${name.toUpperCase()}`, soft, hard };
    });
}

const amount = (value: number) => (value < 0 ? UNLIMITED : Math.min(value, UNLIMITED));
