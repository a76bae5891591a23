import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { UserError } from '../../model/errors.js';
import { type Streams, withLock } from './lock-share.js';
import { packageOf } from './packages.js';

export interface RunOptions {
  /** Text for its standard input; without it the program reads end of file. */
  input?: string;
  cwd?: string;
  /** Added to our own environment; `LC_ALL=C` is always set, so that messages can be read. */
  env?: Record<string, string>;
  /** Milliseconds, then SIGTERM and an error. */
  timeout?: number;
  /** False: any exit code is an answer. A program that is missing or times out always rejects. */
  reject?: boolean;
  /** It runs code of others, which is to have nothing of ours, not even the lock. */
  foreign?: boolean;
  /** What it is for, for the message: `make bridge front` gives "cannot make bridge front: ip: …". */
  purpose?: string;
}

export interface RunResult {
  /** Exit code; 128 + n for signal n is not made up: a signal rejects. */
  code: number;
  /** Without the final newline. */
  stdout: string;
  stderr: string;
}

/**
 * Runs a program to its end, without a shell and without our descriptors but for the lock. It gets
 * its own session: Ctrl-C at the terminal reaches only us, and we let a running step finish.
 *
 * @throws UserError when the program is not installed; Error "cannot …: <program>: <end of stderr>"
 */
export async function run(
  program: string,
  args: string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const { execa } = await import('execa');
  const start = () =>
    execa(program, args, {
      reject: false,
      detached: true,
      stripFinalNewline: true,
      env: environment(options),
      stdio: streams(options),
      ...(options.input === undefined ? {} : { input: options.input }),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
    });
  const first = await start();
  const result = isFromTerminal(first.signal) ? await start() : first;
  return checked(program, options, {
    // one that was told to end may do so with a code of its own
    code: result.timedOut ? undefined : result.exitCode,
    stdout: result.stdout ?? '',
    stderr: result.stderr ?? '',
    problem: result.code,
    signal: result.timedOut ? `no end after ${options.timeout} ms` : result.signal,
  });
}

/**
 * The same, blocking. For the one program a no-op run needs: loading execa would cost that run
 * more than the program itself.
 */
export function runSync(program: string, args: string[], options: RunOptions = {}): RunResult {
  const how = {
    encoding: 'utf8' as const,
    // Node documents it for spawn alone, and has always taken it here.
    detached: true,
    env: { ...process.env, ...environment(options) },
    maxBuffer: 256 * 1024 * 1024,
    stdio: streams(options),
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
  };
  const first = spawnSync(program, args, how);
  const result = isFromTerminal(first.signal) ? spawnSync(program, args, how) : first;
  return checked(program, options, {
    code: result.status ?? undefined,
    stdout: (result.stdout ?? '').replace(/\n$/, ''),
    stderr: (result.stderr ?? '').replace(/\n$/, ''),
    problem: (result.error as NodeJS.ErrnoException | undefined)?.code,
    signal: result.signal ?? undefined,
  });
}

/**
 * The same beside us, for a no-op run that computes meanwhile: its streams are files in memory, for
 * nobody empties a pipe until we are through. Where there is no room for all that it prints the rest
 * is missing, so the caller looks whether that is whole.
 */
export async function runBeside(
  program: string,
  args: string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const { input = '', cwd, timeout } = options;
  const files = namelessFiles([input, '', '']);
  if (!files) return runSync(program, args, options);
  const [, output, errors] = files as [number, number, number];
  try {
    const start = () =>
      ended(
        spawn(program, args, {
          detached: true,
          env: { ...process.env, ...environment(options) },
          stdio: [...files, ...streams(options).slice(3)],
          ...(cwd === undefined ? {} : { cwd }),
          ...(timeout === undefined ? {} : { timeout }),
        }),
      );
    const first = await start();
    const how = isFromTerminal(first.signal) ? await start() : first;
    const [stdout, stderr] = [output, errors].map(textIn) as [string, string];
    return checked(program, options, { ...how, stdout, stderr });
  } finally {
    for (const each of files) closeSync(each);
  }
}

/** Of open(2), which Node does not name; the same on all that Node runs on. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

/**
 * With these texts, to be read from the beginning; in no folder, so that nothing is ever left of them.
 * Undefined where /run has no such files or no room.
 */
function namelessFiles(texts: string[]): number[] | undefined {
  const files: number[] = [];
  try {
    for (const text of texts) {
      const file = openSync('/run', O_TMPFILE | constants.O_RDWR, 0o600);
      files.push(file);
      writeSync(file, text, 0);
    }
    return files;
  } catch {
    for (const each of files) closeSync(each);
    return undefined;
  }
}

/** By its link, which begins at the beginning: our descriptor stands where the program has stopped. */
function textIn(file: number): string {
  return readFileSync(`/proc/self/fd/${file}`, 'utf8').replace(/\n$/, '');
}

function ended(child: ChildProcess): Promise<Omit<Ended, 'stdout' | 'stderr'>> {
  return new Promise((resolve) => {
    child.on('error', ({ code }: NodeJS.ErrnoException) =>
      resolve({ code: undefined, problem: code, signal: undefined }),
    );
    child.on('exit', (code, signal) =>
      resolve({ code: code ?? undefined, problem: undefined, signal: signal ?? undefined }),
    );
  });
}

/**
 * Ctrl-C at the terminal, or its end, in the moment between fork and setsid: the child was still of
 * our session and had not become the program yet, so nothing is done twice.
 */
export function isFromTerminal(signal: string | null | undefined): boolean {
  return signal === 'SIGINT' || signal === 'SIGHUP';
}

function streams({ input, foreign }: RunOptions): Streams<'ignore' | 'pipe'> {
  const stdin = input === undefined ? 'ignore' : 'pipe';
  return foreign ? [stdin, 'pipe', 'pipe'] : withLock(stdin);
}

/** What a program gets beside our own. cron's PATH has no sbin, where Debian keeps mkfs.ext4, losetup and runc. */
export function environment({ env }: RunOptions = {}): Record<string, string> {
  const path = [process.env.PATH, '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return { PATH: path.filter(Boolean).join(':'), ...env, LC_ALL: 'C' };
}

/** How a program has ended, or why it did not start. */
export interface Ended {
  code?: number | undefined;
  stdout?: string;
  stderr?: string;
  /** Errno of a failed start, `ENOENT`. */
  problem?: string | undefined;
  signal?: string | undefined;
}

/** What `run` makes of it. @throws the same */
export function checked(program: string, options: RunOptions, ended: Ended): RunResult {
  const { code, stdout = '', stderr = '', problem, signal } = ended;
  const cannot = options.purpose
    ? `cannot ${options.purpose}: ${program}`
    : `cannot run ${program}`;
  if (code === undefined && problem === 'ENOENT') throw missing(program, cannot, options.cwd);
  if (code === undefined) {
    throw new Error(`${cannot}: ${signal ?? problem ?? 'did not start'}${tail(stderr)}`);
  }
  if (code !== 0 && options.reject !== false) {
    throw new Error(`${cannot}: ${lastLines(stderr) || lastLines(stdout) || `exit code ${code}`}`);
  }
  return { code, stdout, stderr };
}

/** The system calls a missing working directory ENOENT too. */
function missing(program: string, cannot: string, cwd: string | undefined): Error {
  if (cwd !== undefined && !existsSync(cwd)) return new Error(`${cannot}: no folder ${cwd}`);
  if (program.includes('/')) return new UserError(`${cannot}: no such file`);
  return new UserError(
    `${cannot}: not installed`,
    `apt-get install ${packageOf(program)}   # or the package of your distribution that has ${program}`,
  );
}

const tail = (stderr: string) => (stderr ? `: ${lastLines(stderr)}` : '');

/** Programs say what went wrong at the end. */
function lastLines(text: string, count = 4): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter(Boolean).slice(-count).join('; ');
}
