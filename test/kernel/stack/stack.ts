import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect } from 'vitest';
import { startTime } from '../../../src/host/linux/process/processes.js';
import { installPaths } from '../../../src/model/install-paths.js';
import { cgroupRoots, difference, folders, type Snapshot } from '../../support/leaks.js';
import { type PrivateHost, privateHost, type Ran } from '../../support/private-host.js';
import { SMALL_IMAGE } from '../../support/small-image.js';

/** The content of baleine.yaml. JSON is valid YAML, so a test writes it as an object. */
export type Words = Record<string, unknown> & { name: string };

/** Milliseconds; enough for a busy machine. */
const LONG = 300_000;

export const NOTHING = 'No changes. Your infrastructure matches the configuration.\n';

/** A web server whose page names it. busybox httpd as process 1 ignores SIGTERM. */
export const SERVER = {
  image: 'box',
  command: [
    'busybox',
    'sh',
    '-c',
    'busybox mkdir -p /srv; busybox hostname >/srv/index.html; exec busybox httpd -f -p 80 -h /srv',
  ],
  stop_signal: 'SIGKILL',
};

/** Two servers on one bridge with the host, each within 64 MiB; one has a volume. */
export const PAIR = {
  name: 'pair',
  images: { box: SMALL_IMAGE },
  bridges: { front: { subnet: '10.77.1.0/24', host: '10.77.1.1' } },
  volumes: { data: {} },
  containers: {
    a: {
      ...SERVER,
      bridges: { front: { address: '10.77.1.11' } },
      volumes: ['data:/data'],
      limits: { memory: '64M' },
    },
    b: { ...SERVER, bridges: { front: { address: '10.77.1.12' } }, limits: { memory: '64M' } },
  },
};

/** A stack on a private host, driven by the command line and judged by the kernel. */
export class Stack {
  readonly file: string;
  #madeBothWays = false;

  constructor(
    readonly host: PrivateHost,
    words?: Words,
    name = 'baleine.yaml',
  ) {
    this.file = join(host.dir, name);
    if (words) this.write(words);
  }

  write(words: Words | string): void {
    writeFileSync(this.file, typeof words === 'string' ? words : JSON.stringify(words, null, 2));
  }

  /** Whatever it ends with. */
  run(...words: string[]): Promise<Ran> {
    return this.host.baleine(['--file', this.file, ...words], { reject: false, timeout: LONG });
  }

  /** Rejects unless it exits with 0; returns standard output. */
  async done(...words: string[]): Promise<string> {
    return (await this.host.baleine(['--file', this.file, ...words], { timeout: LONG })).stdout;
  }

  /** The first plan with nothing to do is made again without the fast path, and must be the same. */
  async plan(...words: string[]): Promise<string> {
    const text = await this.done('plan', ...words);
    if (text === NOTHING && !this.#madeBothWays) {
      this.#madeBothWays = true;
      const env = { BALEINE_FAST_PATH: '0' };
      const full = await this.host.baleine(['--file', this.file, 'plan', ...words], { env });
      expect(full.stdout).toBe(NOTHING);
    }
    return text;
  }

  apply(...words: string[]): Promise<string> {
    return this.done('apply', '-y', ...words);
  }

  /**
   * Applies until a run with nothing to do goes by what is kept: of the file, of its agreement with the
   * records, and of the tables once they are old enough.
   */
  async rest(): Promise<void> {
    await sleep(2500);
    const silent = { code: 0, stdout: '', stderr: '' };
    for (const _ of [1, 2]) expect(await this.run('apply', '-y', '--quiet')).toEqual(silent);
  }

  /** With the data in its volumes, so that nothing is left. */
  destroy(...words: string[]): Promise<string> {
    return this.done('destroy', '-y', '--volumes', ...words);
  }

  /** Cgroups of the container, one a hierarchy; by the id `stack.name`. */
  groups(id: string): string[] {
    const own = join('baleine', installPaths(this.host.root).tag, id);
    return cgroupRoots()
      .map((root) => join(root, own))
      .filter((path) => folders(path).length > 0);
  }

  /** Processes in the container's cgroup, as the host numbers them, the oldest first: numbers start over. */
  pids(id: string): number[] {
    const lists = this.groups(id).map((group) => text(join(group, 'cgroup.procs')));
    const pids = new Set(lists.flatMap((list) => list.split('\n').filter(Boolean).map(Number)));
    const aged = [...pids].map((pid) => ({ pid, since: startTime(pid) ?? Number.MAX_VALUE }));
    return aged.sort((a, b) => a.since - b.since || a.pid - b.pid).map(({ pid }) => pid);
  }

  /** Kills the first process of a container, once there is one: it may be about to start again. */
  async kill(id: string): Promise<void> {
    let pid = 0;
    const found = () => {
      pid = this.pids(id)[0] ?? 0;
      return pid;
    };
    await expect.poll(found).toBeGreaterThan(0);
    process.kill(pid, 'SIGKILL');
  }

  /** The first process of each container, with the tick it started in. */
  processes(...ids: string[]): Record<string, string> {
    return Object.fromEntries(ids.map((id) => [id, processOf(this.pids(id)[0])]));
  }

  /** The file of the container's cgroup that bounds its memory, in bytes. */
  memory(id: string): { read(): number; write(bytes: number): void } {
    const names = ['memory.limit_in_bytes', 'memory.max'];
    const files = this.groups(id).flatMap((group) => names.map((name) => join(group, name)));
    const file = files.find((path) => existsSync(path)) ?? `no memory cgroup of ${id}`;
    return {
      read: () => Number(readFileSync(file, 'utf8')),
      write: (bytes) => writeFileSync(file, String(bytes)),
    };
  }

  /** What has changed on the host since, except for what containers write to their disks and logs. */
  async changes(since: Snapshot): Promise<string[]> {
    const found = difference(since, await this.host.snapshot());
    return found.filter((line) => !/^changed: file .*\/(disks|logs)\/[^/]*\.(img|log) /.test(line));
  }

  /** What different pages some requests to the address are answered with. */
  async pages(address: string, requests = 1): Promise<string[]> {
    const urls = Array.from({ length: requests }, () => `http://${address}/`);
    const words = ['--silent', '--show-error', '--fail', '--max-time', '5', ...urls];
    const { stdout } = await this.host.run('curl', words);
    return [...new Set(stdout.split('\n').filter(Boolean))].sort();
  }

  /** Waits until the address answers with these pages; a server needs a moment to listen. */
  async answers(address: string, pages: string[]): Promise<void> {
    const asked = () => this.pages(address, 3 * pages.length).catch(() => []);
    await expect.poll(asked).toEqual(pages);
  }
}

/** `container.a will be created (new)`, one for each change of a plan, in order. */
export function headings(plan: string): string[] {
  return [...plan.matchAll(/^ {2}# (.*)$/gm)].map(([, heading]) => heading ?? '');
}

/** `4121 since 88123` (proc_pid_stat(5), field 22), or `none`. */
function processOf(pid: number | undefined): string {
  const since = pid === undefined ? undefined : startTime(pid);
  return since === undefined ? 'none' : `${pid} since ${since}`;
}

export function parentOf(pid: number): number {
  return Number(/^PPid:\s*(\d+)/m.exec(text(`/proc/${pid}/status`))?.[1]);
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/**
 * One applied stack for all tests of a file; `use` gives it. At the end it is destroyed, and what
 * is left then fails the file.
 */
export function appliedStack(words: Words): () => Stack {
  let stack: Stack;
  beforeAll(async () => {
    stack = new Stack(await privateHost(), words);
    await stack.apply();
  });
  afterAll(async () => {
    stack.write(words);
    const ended = await stack.run('destroy', '-y', '--volumes');
    const left = await stack.host.close();
    expect({ code: ended.code, left }).toEqual({ code: 0, left: [] });
  });
  return () => stack;
}
