import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readText } from '../../../src/host/linux/files/read.js';
import { processAt, startTime } from '../../../src/host/linux/process/processes.js';
import type { ObservedProcess } from '../../../src/host/ports.js';
import { installPaths } from '../../../src/model/install-paths.js';
import { MAIN, type PrivateHost } from '../../support/private-host.js';

/** What baleine's own processes have taken, and which of them are left. */
export interface Taken {
  /** The most memory that each program had at once, by name; MiB. */
  peaks: Record<string, number>;
  /** The most that all had at the same moment, what they share counted once; MiB. */
  together: number;
  left: string[];
}

export interface Watched extends Taken {
  /** −1 when it was killed. */
  code: number;
  milliseconds: number;
  /** The beginning of standard output and standard error, and the bytes of all of it. */
  output: Buffer;
  printed: number;
}

/** Bytes of output that are kept: more than is to be printed of any flood. */
const MOST_OUTPUT = 4 * 1024 * 1024;

/**
 * Runs baleine on a private host and watches it together with the programs that it starts.
 *
 * @param limit milliseconds after which it is killed
 * @param before a program and its words that baleine's come behind, such as one that has a terminal
 */
export async function watched(
  host: PrivateHost,
  words: string[],
  { limit, before = [] }: { limit: number; before?: string[] },
): Promise<Watched> {
  const into = [`--target=${host.pid}`, '--mount', '--net', `--wdns=${host.dir}`, '--'];
  const command = [...before, process.execPath, MAIN, '--root', host.root, ...words];
  const watch = new Watch(host);
  const started = performance.now();
  const child = spawn('nsenter', [...into, ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limit,
    killSignal: 'SIGKILL',
  });
  const kept: Buffer[] = [];
  let printed = 0;
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (part: Buffer) => {
      if (printed < MOST_OUTPUT) kept.push(part);
      printed += part.length;
    });
  }
  const code = await new Promise<number>((resolve) => {
    child.on('exit', (found) => resolve(found ?? -1));
  });
  const milliseconds = performance.now() - started;
  // what it has printed is there, and comes in a moment
  await sleep(50);
  return { code, milliseconds, output: Buffer.concat(kept), printed, ...(await watch.end()) };
}

/** Milliseconds between two looks, and for what was ended to be gone. */
const PAUSE = 20;
const PATIENCE = 1500;

interface Seen extends ObservedProcess {
  pid: number;
  name: string;
}

/**
 * Looks again and again at every baleine of a host and all that descends from one. What is in a
 * container's cgroup is the container's, and so is its monitor.
 */
export class Watch {
  readonly #seen = new Map<string, Seen>();
  readonly #peaks: Record<string, number> = {};
  #together = 0;
  readonly #timer: NodeJS.Timeout;
  readonly #cgroup: string;

  constructor(private readonly host: PrivateHost) {
    this.#cgroup = `/baleine/${installPaths(host.root).tag}/`;
    this.#timer = setInterval(() => this.#look(), PAUSE);
  }

  /** Whether a look has found one: a short run can be over between two. */
  get hasSeen(): boolean {
    return this.#seen.size > 0;
  }

  async end(): Promise<Taken> {
    clearInterval(this.#timer);
    const left = () =>
      [...this.#seen.values()].filter(
        ({ pid, start_time }) => startTime(pid) === start_time && !this.#isForeign(pid),
      );
    const deadline = performance.now() + PATIENCE;
    while (left().length > 0 && performance.now() < deadline) await sleep(PAUSE);
    return {
      peaks: this.#peaks,
      together: this.#together,
      left: left().map(({ pid, name }) => `${name} ${pid}`),
    };
  }

  #look(): void {
    const all = processes();
    const own = new Map<number, Seen>();
    for (const each of all) {
      if (this.#seen.has(keyOf(each)) || this.#isBaleine(each)) own.set(each.pid, each);
    }
    for (let grew = true; grew; ) {
      grew = false;
      for (const each of all) {
        if (own.has(each.pid) || !own.has(each.parent)) continue;
        own.set(each.pid, each);
        grew = true;
      }
    }
    let together = 0;
    for (const each of own.values()) {
      if (each.name === 'conmon' || this.#isForeign(each.pid)) continue;
      this.#seen.set(keyOf(each), each);
      const status = readText(`/proc/${each.pid}/status`);
      this.#peaks[each.name] = Math.max(this.#peaks[each.name] ?? 0, mib(status, 'VmHWM'));
      together += mib(readText(`/proc/${each.pid}/smaps_rollup`), 'Pss');
    }
    this.#together = Math.max(this.#together, together);
  }

  #isBaleine({ pid, name }: Seen): boolean {
    if (name !== 'node') return false;
    const words = readText(`/proc/${pid}/cmdline`)?.split('\0') ?? [];
    return words.includes(MAIN) && words.includes(this.host.root);
  }

  #isForeign(pid: number): boolean {
    return readText(`/proc/${pid}/cgroup`)?.includes(this.#cgroup) ?? false;
  }
}

const keyOf = ({ pid, start_time }: Seen) => `${pid} ${start_time}`;

/** Zombies have no memory and need no end. */
function processes(): Seen[] {
  const pids = readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0);
  return pids.flatMap((pid): Seen[] => {
    const seen = processAt(pid);
    return seen ? [{ ...seen, pid, name: readText(`/proc/${pid}/comm`)?.trim() ?? '' }] : [];
  });
}

/** @param field of proc_pid_status(5) or proc_pid_smaps(5), in KiB there */
function mib(status: string | undefined, field: string): number {
  return Number(new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(status ?? '')?.[1] ?? 0) / 1024;
}
