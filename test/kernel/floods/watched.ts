import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readText } from '../../../src/host/linux/files/read.js';
import { parseStat, startTime } from '../../../src/host/linux/process/processes.js';
import type { ObservedProcess } from '../../../src/host/ports.js';
import { installPaths } from '../../../src/model/install-paths.js';
import { MAIN, type PrivateHost } from '../../support/private-host.js';

/** Memory of baleine's own processes, and the processes that remain. */
export interface Taken {
  /** Peak memory of each program by name, in MiB. */
  peaks: Record<string, number>;
  /** Peak memory of all together, in MiB; shared memory counts once. */
  together: number;
  left: string[];
}

export interface Watched extends Taken {
  /** −1 if it was killed. */
  code: number;
  milliseconds: number;
  /** The beginning of standard output and standard error. */
  output: Buffer;
  /** Bytes of all output. */
  printed: number;
}

/** Bytes of output to keep: more than any command may print. */
const MOST_OUTPUT = 4 * 1024 * 1024;

/**
 * Runs baleine on a private host and watches it together with the programs that it starts.
 *
 * @param limit milliseconds after which it is killed
 * @param before command prefix, such as a program that provides a terminal
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
  // its last output is already in the pipe
  await sleep(50);
  return { code, milliseconds, output: Buffer.concat(kept), printed, ...(await watch.end()) };
}

/** Milliseconds between two checks. */
const PAUSE = 20;
/** Milliseconds for killed processes to end. */
const END_TIMEOUT = 1500;

interface Seen extends ObservedProcess {
  pid: number;
  name: string;
}

/**
 * Polls all baleine processes of a host and their descendants, except conmon and the processes in a
 * container's cgroup.
 */
export class Watch {
  readonly #seen = new Map<string, Seen>();
  readonly #peaks: Record<string, number> = {};
  #together = 0;
  readonly #timer: NodeJS.Timeout;
  readonly #cgroup: string;

  constructor(private readonly host: PrivateHost) {
    this.#cgroup = `/baleine/${installPaths(host.root).tag}/`;
    this.#timer = setInterval(() => this.#poll(), PAUSE);
  }

  /** Whether a process was seen: a short run may end between two checks. */
  get hasSeen(): boolean {
    return this.#seen.size > 0;
  }

  async end(): Promise<Taken> {
    clearInterval(this.#timer);
    const left = () =>
      [...this.#seen.values()].filter(
        ({ pid, start_time }) => startTime(pid) === start_time && !this.#isForeign(pid),
      );
    const deadline = performance.now() + END_TIMEOUT;
    while (left().length > 0 && performance.now() < deadline) await sleep(PAUSE);
    return {
      peaks: this.#peaks,
      together: this.#together,
      left: left().map(({ pid, name }) => `${name} ${pid}`),
    };
  }

  #poll(): void {
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

/** All processes except zombies. Reads one file of each, since a look is repeated every 20 ms. */
function processes(): Seen[] {
  const pids = readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0);
  return pids.flatMap((pid): Seen[] => {
    const stat = readText(`/proc/${pid}/stat`) ?? '';
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const seen = parseStat(stat);
    return seen ? [{ ...seen, pid, name }] : [];
  });
}

/** @param field a field of proc_pid_status(5) or proc_pid_smaps(5) in KiB */
function mib(status: string | undefined, field: string): number {
  return Number(new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(status ?? '')?.[1] ?? 0) / 1024;
}
