import { spawn, spawnSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { UserError } from '../../../model/errors.js';
import { environment } from './environment.js';
import { type LaunchOptions, launch, launchReader, type ProgramEnd, untilExit } from './launch.js';
import { type Streams, withLock } from './lock-share.js';
import { lastLines, readPaced, Tail } from './output.js';
import { packageOf } from './programs.js';

export interface RunOptions extends LaunchOptions {
  /** Text for its standard input; by default the program reads end of file. */
  input?: string;
  /**
   * Milliseconds from start to end, by default 2 minutes; then the whole process tree is killed
   * (tree.ts), which is an error.
   */
  timeout?: number;
  /**
   * Maximum bytes of standard output, by default 16 MiB; a program that prints more is killed,
   * which is an error. The last 64 KiB of standard error are kept.
   */
  maxOutput?: number;
  /** For output that is not parsed: keeps the last 64 KiB, whatever its size. */
  tail?: boolean;
  /** False: any exit code is a valid result. A program that is missing or killed always rejects. */
  reject?: boolean;
  /** Ends a program that makes no progress long before its timeout. */
  stall?: Stall;
  /** Its name in messages, if it is started by another program. */
  shown?: string;
  /** Its purpose for the message: `make bridge front` gives "cannot make bridge front: ip: …". */
  purpose?: string;
}

export interface Stall {
  /** Milliseconds within which `bytes` must grow by `least`. */
  within: number;
  least: number;
  /** Bytes processed so far. */
  bytes: () => number;
}

export interface RunResult {
  /** Exit code. Termination by a signal rejects, and is not mapped to 128 + n. */
  code: number;
  /** Without the final newline. */
  stdout: string;
  stderr: string;
}

/** Milliseconds for a program whose work does not depend on the amount of data. */
const SHORT = 120_000;

/**
 * Milliseconds for a program that reads or writes a whole disk, image or tree. A day is more than
 * any of them takes, but still bounded.
 */
export const LONG = 24 * 3600_000;

const MAX_OUTPUT = 16 * 1024 * 1024;

/**
 * Runs a program to completion in bounded time and memory, in its own session. Processes that it
 * leaves behind may keep its streams open; they are not waited for.
 *
 * @throws UserError if the program is not installed; Error "cannot …: <program>: <end of stderr>"
 */
export async function run(
  program: string,
  args: string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const first = await attempt(program, args, options);
  const again = first.killed === undefined && isFromTerminal(first.signal);
  return checkResult(program, options, again ? await attempt(program, args, options) : first);
}

async function attempt(program: string, args: string[], options: RunOptions): Promise<ProgramEnd> {
  const { input, timeout = SHORT, maxOutput = MAX_OUTPUT, tail } = options;
  const child =
    input === undefined ? launchReader(program, args, options) : launch(program, args, options);
  // a program that does not read all of its input closes the pipe
  child.stdin?.on('error', () => undefined).end(input);
  const { ended, kill } = untilExit(child, timeout);
  const [output, errors] = [new Tail(tail ? undefined : maxOutput), new Tail()];
  let size = 0;
  readPaced(child.stdout, (part) => {
    size += part.length;
    output.add(part);
    if (!tail && size > maxOutput) kill(`more than ${maxOutput} bytes of output`);
  });
  readPaced(child.stderr, (part) => errors.add(part));
  const watch = options.stall && watchProgress(options.stall, kill);
  const how = await ended;
  clearInterval(watch);
  await Promise.all([drain(child.stdout), drain(child.stderr)]);
  return { ...how, stdout: withoutNewline(output.text()), stderr: withoutNewline(errors.text()) };
}

function watchProgress({ within, least, bytes }: Stall, kill: (reason: string) => void) {
  let before = 0;
  return setInterval(() => {
    const now = bytes();
    if (now - before < least) kill(`less than ${least} bytes in ${within / 1000}s`);
    before = now;
  }, within);
}

/** Milliseconds: output of a program that has ended is already there, and is read in a moment. */
const DRAIN = { quiet: 50, most: 1000 };

/** Reads what is left in a pipe, without waiting for other processes that have it open. */
async function drain(stream: NodeJS.ReadableStream & { destroyed: boolean; destroy(): void }) {
  if (stream.destroyed) return;
  const isOver = new Promise<void>((resolve) => {
    let quiet = setTimeout(resolve, DRAIN.quiet);
    const most = setTimeout(resolve, DRAIN.most);
    stream.on('data', () => {
      clearTimeout(quiet);
      quiet = setTimeout(resolve, DRAIN.quiet);
    });
    stream.on('close', () => {
      clearTimeout(quiet);
      clearTimeout(most);
      resolve();
    });
  });
  await isOver;
  stream.destroy();
}

/**
 * Same, blocking. For the one program that a no-op run needs, which is trusted and starts no other.
 */
export function runSync(program: string, args: string[], options: RunOptions = {}): RunResult {
  const { input, cwd, timeout = SHORT, maxOutput = MAX_OUTPUT } = options;
  const how = {
    encoding: 'utf8' as const,
    // Node documents this option for spawn only, but has always accepted it here.
    detached: true,
    env: environment(options.env),
    maxBuffer: maxOutput,
    timeout,
    killSignal: 'SIGKILL' as const,
    stdio: streams(options),
    ...(input === undefined ? {} : { input }),
    ...(cwd === undefined ? {} : { cwd }),
  };
  const first = spawnSync(program, args, how);
  const result = isFromTerminal(first.signal) ? spawnSync(program, args, how) : first;
  const problem = (result.error as NodeJS.ErrnoException | undefined)?.code;
  return checkResult(program, options, {
    code: result.status ?? undefined,
    stdout: withoutNewline(result.stdout ?? ''),
    stderr: withoutNewline(result.stderr ?? ''),
    problem,
    signal: result.signal ?? undefined,
    killed: killReason(problem, timeout, maxOutput),
  });
}

function killReason(
  problem: string | undefined,
  timeout: number,
  most: number,
): string | undefined {
  if (problem === 'ETIMEDOUT') return `no end after ${timeout} ms`;
  return problem === 'ENOBUFS' ? `more than ${most} bytes of output` : undefined;
}

/**
 * Same for a program that turns one content into another: both are bytes, and in nobody's memory
 * but ours and the program's.
 */
export function runFilter(
  program: string,
  args: string[],
  input: Uint8Array,
  { timeout = SHORT, maxOutput = MAX_OUTPUT, ...options }: RunOptions = {},
): Buffer {
  const how = {
    detached: true,
    env: environment(options.env),
    maxBuffer: maxOutput,
    timeout,
    killSignal: 'SIGKILL' as const,
    input,
    stdio: streams({ ...options, input: '' }),
  };
  const first = spawnSync(program, args, how);
  const result = isFromTerminal(first.signal) ? spawnSync(program, args, how) : first;
  const problem = (result.error as NodeJS.ErrnoException | undefined)?.code;
  checkResult(program, options, {
    code: result.status ?? undefined,
    stderr: result.stderr?.toString('utf8').trimEnd() ?? '',
    problem: problem === 'EPIPE' ? undefined : problem,
    signal: result.signal ?? undefined,
    killed: killReason(problem, timeout, maxOutput),
  });
  return result.stdout;
}

/**
 * Same, concurrently, for a no-op run that computes in the meantime: its streams are files in
 * memory, since nobody would empty a pipe before we are done. Output beyond the available space is
 * lost, so the caller must check that it is complete.
 */
export async function runConcurrently(
  program: string,
  args: string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const { input = '', cwd, timeout = SHORT } = options;
  const files = namelessFiles([input, '', '']);
  if (!files) return runSync(program, args, options);
  const [, output, errors] = files as [number, number, number];
  try {
    const start = () =>
      untilExit(
        spawn(program, args, {
          detached: true,
          env: environment(options.env),
          stdio: [...files, ...streams(options).slice(3)],
          ...(cwd === undefined ? {} : { cwd }),
        }),
        timeout,
      ).ended;
    const first = await start();
    const how = isFromTerminal(first.signal) ? await start() : first;
    const [stdout, stderr] = [output, errors].map(textIn) as [string, string];
    return checkResult(program, options, { ...how, stdout, stderr });
  } finally {
    for (const each of files) closeSync(each);
  }
}
/** Flag of open(2) that Node does not name; the same on all platforms that Node supports. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

/**
 * Unlinked files with these texts, positioned at their beginning; nothing is left behind by them.
 * Undefined if /run does not support such files or is full.
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

/**
 * Reads through the descriptor's link, which starts at the beginning: our own descriptor is where
 * the program stopped.
 */
function textIn(file: number): string {
  return withoutNewline(readFileSync(`/proc/self/fd/${file}`, 'utf8'));
}

const withoutNewline = (text: string) => text.replace(/\n$/, '');

/**
 * Ctrl-C at the terminal, or a hangup, in the moment between fork and setsid: the child was still
 * in our session and had not executed the program yet, so a retry does nothing twice.
 */
export function isFromTerminal(signal: string | null | undefined): boolean {
  return signal === 'SIGINT' || signal === 'SIGHUP';
}

function streams({ input, foreign }: RunOptions): Streams<'ignore' | 'pipe'> {
  const stdin = input === undefined ? 'ignore' : 'pipe';
  return foreign ? [stdin, 'pipe', 'pipe'] : withLock(stdin);
}

/** Turns the outcome of a program into `run`'s result. @throws as `run` */
export function checkResult(program: string, options: RunOptions, ended: ProgramEnd): RunResult {
  const { code, stdout = '', stderr = '', problem, signal, killed } = ended;
  const { shown = program, purpose } = options;
  const cannot = purpose ? `cannot ${purpose}: ${shown}` : `cannot run ${shown}`;
  if (killed !== undefined) throw new Error(`${cannot}: ${killed}${tail(stderr)}`);
  if (code === undefined && problem === 'ENOENT') throw missing(program, cannot, options.cwd);
  if (code === undefined) {
    throw new Error(`${cannot}: ${signal ?? problem ?? 'did not start'}${tail(stderr)}`);
  }
  if (code !== 0 && options.reject !== false) {
    throw new Error(`${cannot}: ${lastLines(stderr) || lastLines(stdout) || `exit code ${code}`}`);
  }
  return { code, stdout, stderr };
}
/** ENOENT can also mean a missing working directory. */
function missing(program: string, cannot: string, cwd: string | undefined): Error {
  if (cwd !== undefined && !existsSync(cwd)) return new Error(`${cannot}: no folder ${cwd}`);
  if (program.includes('/')) return new UserError(`${cannot}: no such file`);
  return new UserError(
    `${cannot}: not installed`,
    `apt-get install ${packageOf(program)}   # or the package of your distribution that has ${program}`,
  );
}

const tail = (stderr: string) => (stderr ? `: ${lastLines(stderr)}` : '');
