import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmdirSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { installPaths } from '../../src/model/install-paths.js';
import {
  cgroupRoots,
  difference,
  folders,
  loops,
  namespaceOf,
  processes,
  type Snapshot,
  snapshot,
} from './leaks.js';

const SCRIPT = fileURLToPath(new URL('private-host.sh', import.meta.url));
export const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface RunOptions {
  /** Standard input; none by default. */
  input?: string;
  /** Added to the test's own environment. */
  env?: Record<string, string>;
  /** Working directory; default `host.dir`. */
  cwd?: string;
  /** Reject unless the exit code is 0; default true. */
  reject?: boolean;
  /** Milliseconds; default 60000. */
  timeout?: number;
}

export interface Ran {
  /** 128 + the signal's number if a signal ended it, as in a shell. */
  code: number;
  stdout: string;
  stderr: string;
}

/** A mount and a network namespace kept open by a process, with its own folders. */
export interface PrivateHost {
  /** Pid of the process that keeps it open. */
  pid: number;
  /** Scratch folder for yaml files, trees …; real on the machine's disk, removed by `close`. */
  dir: string;
  /** `--root` of `baleine`; does not exist at first. Everything left in it is a leak. */
  root: string;
  /** Runs a program inside. */
  run(program: string, args?: string[], options?: RunOptions): Promise<Ran>;
  /** Runs the built baleine inside, on `root`. */
  baleine(args: string[], options?: RunOptions): Promise<Ran>;
  /** Returns the body of the response; rejects unless the status is 2xx. */
  http(url: string): Promise<string>;
  /** Runs `ip -json` with these words. */
  ip<T = Record<string, unknown>>(...words: string[]): Promise<T[]>;
  /** Everything that baleine could leave here, now; for `difference`. */
  snapshot(): Promise<Snapshot>;
  /** The differences from the start, after waiting up to 2 s for them to disappear. */
  leaks(): Promise<string[]>;
  /** Reports leaks, then ends and removes everything that is left. */
  close(): Promise<string[]>;
}

/** Creates a private host; needs root, util-linux and iproute2. */
export async function privateHost(): Promise<PrivateHost> {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'host-')));
  const root = join(dir, 'root');
  const temporary = join(dir, 'tmp');
  mkdirSync(temporary);
  const { pid, end } = await hold();
  const run: PrivateHost['run'] = (program, args = [], { env, ...options } = {}) =>
    inside(pid, program, args, { cwd: dir, env: { TMPDIR: temporary, ...env }, ...options });
  const look = () => snapshot({ root, pid, temporary });
  const before = await look();
  const leaks = () => settle(async () => difference(before, await look()));

  return {
    pid,
    dir,
    root,
    run,
    baleine: (args, options) => run(process.execPath, [MAIN, '--root', root, ...args], options),
    http: async (url) =>
      (await run('curl', ['--silent', '--show-error', '--fail', '--max-time', '5', url])).stdout,
    ip: async (...words) => JSON.parse((await run('ip', ['-json', ...words])).stdout || '[]'),
    snapshot: look,
    leaks,
    close: async () => {
      const found = await leaks();
      await endProcesses(root, pid);
      await end();
      await detachLoops(root);
      await removeCgroups(installPaths(root).tag);
      rmSync(dir, { recursive: true, force: true });
      return found;
    },
  };
}

/** Gives a test a private host, and fails it if anything is left there at its end. */
export function inPrivateHost(test: (host: PrivateHost) => Promise<void>): () => Promise<void> {
  return async () => {
    const host = await privateHost();
    let leaks: string[] = [];
    try {
      await test(host);
    } finally {
      leaks = await host.close();
    }
    if (leaks.length > 0) throw new Error(`left on the private host:\n  ${leaks.join('\n  ')}`);
  };
}

/** Milliseconds for a server to answer. */
const SERVING_LIMIT = 10_000;

/**
 * Runs a server on a private host until it is stopped, or the test's process ends.
 *
 * @param url answers once the server is up
 * @returns a function that stops it
 */
export async function serving(
  host: PrivateHost,
  url: string,
  [program, ...args]: [program: string, ...args: string[]],
): Promise<() => Promise<void>> {
  const inside = ['nsenter', `--target=${host.pid}`, '--mount', '--net', program, ...args];
  const server = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...inside], { stdio: 'ignore' });
  const gone = once(server, 'exit');
  const stop = async () => {
    server.kill();
    await gone;
  };
  const deadline = performance.now() + SERVING_LIMIT;
  while ((await host.http(url).catch(() => undefined)) === undefined) {
    if (performance.now() < deadline) await sleep(100);
    else {
      await stop();
      throw new Error(`${program} does not answer at ${url}`);
    }
  }
  return stop;
}

/** Ends with its standard input, and so with this process at the latest. */
async function hold(): Promise<{ pid: number; end: () => Promise<void> }> {
  const holder = spawn(SCRIPT, ['sh', '-c', 'echo ready; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const gone = once(holder, 'exit');
  const first = await Promise.race([once(holder.stdout, 'data'), gone.then(() => undefined)]);
  if (!first || holder.pid === undefined) throw new Error('cannot make a private host');
  const end = async () => {
    holder.stdin.end();
    await gone;
  };
  return { pid: holder.pid, end };
}

async function inside(
  pid: number,
  program: string,
  args: string[],
  { input = '', env = {}, cwd, reject = true, timeout = 60_000 }: RunOptions,
): Promise<Ran> {
  const into = [`--target=${pid}`, '--mount', '--net', `--wdns=${cwd}`, '--'];
  const { exitCode, stdout, stderr, ...ended } = await execa(
    'nsenter',
    [...into, program, ...args],
    { input, env, timeout, reject: false, stripFinalNewline: false },
  );
  const code = exitCode ?? 128 + (ended.signal ? constants.signals[ended.signal] : 127);
  if (ended.timedOut || (reject && code !== 0)) {
    const how = ended.timedOut ? `no end after ${timeout} ms` : `exit code ${code}`;
    throw new Error(`${[program, ...args].join(' ')}: ${how}\n${stdout}${stderr}`);
  }
  return { code, stdout, stderr };
}

/** Milliseconds; what really leaks stays, and a busy machine is slow. */
const SETTLE_LIMIT = 10_000;

/** Unmounted loop devices and ended processes need a moment to disappear. */
async function settle(look: () => Promise<string[]>): Promise<string[]> {
  const deadline = performance.now() + SETTLE_LIMIT;
  while (performance.now() < deadline) {
    if ((await look()).length === 0) return [];
    await sleep(100);
  }
  return look();
}

/** Processes with our tag, and those still running in the private mount namespace. */
async function endProcesses(root: string, holder: number): Promise<void> {
  const { tag, run } = installPaths(root);
  const space = namespaceOf(holder, 'mnt');
  const left = () => [
    ...processes([root, run], tag).map(([name]) => Number(name.slice('process '.length))),
    ...readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0 && pid !== holder && namespaceOf(pid, 'mnt') === space),
  ];
  for (let attempt = 0; attempt < 50 && left().length > 0; attempt++) {
    for (const pid of left()) signal(pid);
    await sleep(20);
  }
}

function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has already ended
  }
}

/** Detaches loop devices without a mount; the others ended with the mount namespace. */
async function detachLoops(root: string): Promise<void> {
  for (const name of loops(root).map(([each]) => each.slice('loop '.length))) {
    await execa('losetup', ['--detach', `/dev/${name}`], { reject: false });
  }
}

async function removeCgroups(tag: string): Promise<void> {
  for (const root of cgroupRoots()) {
    for (const path of folders(join(root, 'baleine', tag)).reverse()) rmdirSync(path);
  }
}
