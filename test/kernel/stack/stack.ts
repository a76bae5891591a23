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
export type StackFile = Record<string, unknown> & { name: string };

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
  /** Whether a plan was made with the fast path and without it. */
  #isCompared = false;

  constructor(
    readonly host: PrivateHost,
    content?: StackFile,
    name = 'baleine.yaml',
  ) {
    this.file = join(host.dir, name);
    if (content) this.write(content);
  }

  write(content: StackFile | string): void {
    const text = typeof content === 'string' ? content : JSON.stringify(content, null, 2);
    writeFileSync(this.file, text);
  }

  /** Runs a command; any exit code is a valid result. */
  run(...args: string[]): Promise<Ran> {
    return this.host.baleine(['--file', this.file, ...args], { reject: false, timeout: LONG });
  }

  /** Rejects unless it exits with 0; returns standard output. */
  async done(...args: string[]): Promise<string> {
    return (await this.host.baleine(['--file', this.file, ...args], { timeout: LONG })).stdout;
  }

  /** The first plan without changes is repeated without the fast path, and must be the same. */
  async plan(...args: string[]): Promise<string> {
    const text = await this.done('plan', ...args);
    if (text === NOTHING && !this.#isCompared) {
      this.#isCompared = true;
      const env = { BALEINE_FAST_PATH: '0' };
      const full = await this.host.baleine(['--file', this.file, 'plan', ...args], { env });
      expect(full.stdout).toBe(NOTHING);
    }
    return text;
  }

  apply(...args: string[]): Promise<string> {
    return this.done('apply', '-y', ...args);
  }

  /**
   * Applies twice without changes, so that the next run uses all caches of the fast path. Waits first:
   * tables that were just written are not cached.
   */
  async fillCaches(): Promise<void> {
    await sleep(2500);
    const silent = { code: 0, stdout: '', stderr: '' };
    for (const _ of [1, 2]) expect(await this.run('apply', '-y', '--quiet')).toEqual(silent);
  }

  /** Includes the data in its volumes, so that nothing is left. */
  destroy(...args: string[]): Promise<string> {
    return this.done('destroy', '-y', '--volumes', ...args);
  }

  /** The cgroups of a container in all hierarchies. @param id `stack.name` */
  groups(id: string): string[] {
    const own = join('baleine', installPaths(this.host.root).tag, id);
    return cgroupRoots()
      .map((root) => join(root, own))
      .filter((path) => folders(path).length > 0);
  }

  /** Host pids of the container's processes, the oldest first. */
  pids(id: string): number[] {
    const lists = this.groups(id).map((group) => text(join(group, 'cgroup.procs')));
    const pids = new Set(lists.flatMap((list) => list.split('\n').filter(Boolean).map(Number)));
    const aged = [...pids].map((pid) => ({ pid, since: startTime(pid) ?? Number.MAX_VALUE }));
    return aged.sort((a, b) => a.since - b.since || a.pid - b.pid).map(({ pid }) => pid);
  }

  /** Kills the first process of a container. Waits for one: it may be about to restart. */
  async kill(id: string): Promise<void> {
    let pid = 0;
    const found = () => {
      pid = this.pids(id)[0] ?? 0;
      return pid;
    };
    await expect.poll(found).toBeGreaterThan(0);
    process.kill(pid, 'SIGKILL');
  }

  /** The first process of each container, with its start time. */
  processes(...ids: string[]): Record<string, string> {
    return Object.fromEntries(ids.map((id) => [id, processOf(this.pids(id)[0])]));
  }

  /** The memory limit of a container's cgroup, in bytes. */
  memory(id: string): { read(): number; write(bytes: number): void } {
    const names = ['memory.limit_in_bytes', 'memory.max'];
    const files = this.groups(id).flatMap((group) => names.map((name) => join(group, name)));
    const file = files.find((path) => existsSync(path)) ?? `no memory cgroup of ${id}`;
    return {
      read: () => Number(readFileSync(file, 'utf8')),
      write: (bytes) => writeFileSync(file, String(bytes)),
    };
  }

  /** Changes on the host since a snapshot, except in disks and logs of containers. */
  async changes(since: Snapshot): Promise<string[]> {
    const found = difference(since, await this.host.snapshot());
    return found.filter((line) => !/^changed: file .*\/(disks|logs)\/[^/]*\.(img|log) /.test(line));
  }

  /** The distinct pages that answer some requests to an address. */
  async pages(address: string, requests = 1): Promise<string[]> {
    const urls = Array.from({ length: requests }, () => `http://${address}/`);
    const args = ['--silent', '--show-error', '--fail', '--max-time', '5', ...urls];
    const { stdout } = await this.host.run('curl', args);
    return [...new Set(stdout.split('\n').filter(Boolean))].sort();
  }

  /** Waits until the address answers with these pages; a server needs a moment to listen. */
  async answers(address: string, pages: string[]): Promise<void> {
    const asked = () => this.pages(address, 3 * pages.length).catch(() => []);
    await expect.poll(asked).toEqual(pages);
  }
}

/** The heading of each change of a plan, in order: `container.a will be created (new)`. */
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
 * One applied stack for all tests of a file; the result returns it. It is destroyed at the end, and
 * anything left then fails the file.
 *
 * @param files to write beside its file, by name
 */
export function appliedStack(
  content: StackFile,
  files: Readonly<Record<string, string>> = {},
): () => Stack {
  let stack: Stack;
  beforeAll(async () => {
    stack = new Stack(await privateHost(), content);
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(stack.host.dir, name), text);
    }
    await stack.apply();
  });
  afterAll(async () => {
    stack.write(content);
    const ended = await stack.run('destroy', '-y', '--volumes');
    const left = await stack.host.close();
    expect({ code: ended.code, left }).toEqual({ code: 0, left: [] });
  });
  return () => stack;
}
