import { spawn, spawnSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { UserError } from '../../../model/errors.js';
import { environment } from './environment.js';
import { type Ended, type LaunchOptions, launch, launchReader, untilExit } from './launch.js';
import { type Streams, withLock } from './lock-share.js';
import { lastLines, readPaced, Tail } from './output.js';
import { packageOf } from './programs.js';

export interface RunOptions extends LaunchOptions {
  /** Text for its standard input; without it the program reads end of file. */
  input?: string;
  /**
   * Milliseconds from start to end, 2 minutes unless given; then all of the program is killed
   * (tree.ts), and that is an error.
   */
  timeout?: number;
  /**
   * Most bytes of standard output, 16 MiB unless given; a program that prints more is killed, and that
   * is an error. Of standard error the last 64 KiB are kept.
   */
  maxOutput?: number;
  /** For output that nobody parses: its last 64 KiB are kept, however much there is. */
  tail?: boolean;
  /** False: any exit code is an answer. A program that is missing or killed always rejects. */
  reject?: boolean;
  /** Ends a program that gets nowhere, long before its time is over. */
  stall?: Stall;
  /** Its name in messages, where another program starts it. */
  shown?: string;
  /** What it is for, for the message: `make bridge front` gives "cannot make bridge front: ip: …". */
  purpose?: string;
}

export interface Stall {
  /** Milliseconds within which `bytes` has to grow by `least`. */
  within: number;
  least: number;
  /** How much the program has done so far. */
  bytes: () => number;
}

export interface RunResult {
  /** Exit code; 128 + n for signal n is not made up: a signal rejects. */
  code: number;
  /** Without the final newline. */
  stdout: string;
  stderr: string;
}

/** Milliseconds for a program whose work does not grow with its data. */
const SHORT = 120_000;

/**
 * Milliseconds for one that reads or writes a whole disk, image or tree. A day is more than any of
 * them takes, and less than for ever.
 */
export const LONG = 24 * 3600_000;

const MOST_OUTPUT = 16 * 1024 * 1024;

/**
 * Runs a program to its end: in bounded time and memory, in a session of its own. What it has left
 * running may hold its streams; we do not wait for that.
 *
 * @throws UserError when the program is not installed; Error "cannot …: <program>: <end of stderr>"
 */
export async function run(
  program: string,
  args: string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const first = await attempt(program, args, options);
  const again = first.killed === undefined && isFromTerminal(first.signal);
  return checked(program, options, again ? await attempt(program, args, options) : first);
}

async function attempt(program: string, args: string[], options: RunOptions): Promise<Ended> {
  const { input, timeout = SHORT, maxOutput = MOST_OUTPUT, tail } = options;
  const child =
    input === undefined ? launchReader(program, args, options) : launch(program, args, options);
  // one that does not want it all closes its end
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
  await Promise.all([drained(child.stdout), drained(child.stderr)]);
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

/** Milliseconds: what an ended program has written is there, and is read in a moment. */
const DRAIN = { quiet: 50, most: 1000 };

/** Reads what is left in a pipe, but waits for no one else who has it open. */
async function drained(stream: NodeJS.ReadableStream & { destroyed: boolean; destroy(): void }) {
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
 * The same, blocking. For the one program a no-op run needs, which is a trusted one that starts no
 * other.
 */
export function runSync(program: string, args: string[], options: RunOptions = {}): RunResult {
  const { input, cwd, timeout = SHORT, maxOutput = MOST_OUTPUT } = options;
  const how = {
    encoding: 'utf8' as const,
    // Node documents it for spawn alone, and has always taken it here.
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
  return checked(program, options, {
    code: result.status ?? undefined,
    stdout: withoutNewline(result.stdout ?? ''),
    stderr: withoutNewline(result.stderr ?? ''),
    problem,
    signal: result.signal ?? undefined,
    killed: reasonOf(problem, timeout, maxOutput),
  });
}

function reasonOf(problem: string | undefined, timeout: number, most: number): string | undefined {
  if (problem === 'ETIMEDOUT') return `no end after ${timeout} ms`;
  return problem === 'ENOBUFS' ? `more than ${most} bytes of output` : undefined;
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
  return withoutNewline(readFileSync(`/proc/self/fd/${file}`, 'utf8'));
}

const withoutNewline = (text: string) => text.replace(/\n$/, '');

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

/** What `run` makes of how a program has ended. @throws the same */
export function checked(program: string, options: RunOptions, ended: Ended): RunResult {
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
