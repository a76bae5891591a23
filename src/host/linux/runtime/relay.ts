import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { arch } from 'node:process';
import { isatty, WriteStream } from 'node:tty';
import type { InstallPaths } from '../../../model/install-paths.js';
import { inForeground } from '../process/foreground.js';
import type { Terminal } from './config-json.js';
import { socketsDir } from './layout.js';
import RELAY from './relay.pl?raw';

/** How a command is connected to our standard streams. */
export interface StreamOptions {
  /** Pass standard input on. */
  input: boolean;
  /** The command gets its own terminal, of the same size as ours. */
  terminal: boolean;
}

/** Arguments of `crun` or `runc` for `run` or `exec`, followed by the command's. */
export interface RelayedCommand {
  program: string;
  /** Up to and including `run` or `exec`. */
  before: string[];
  after: string[];
  /** The runtime writes the command's pid there exactly when it runs. */
  pidFile: string;
}

/**
 * Makes a runtime start a command and relays its streams until it has ended, by a Perl process
 * (Debian's essential perl-base): Node passes no descriptors and sets no terminal modes.
 *
 * @returns its exit code, 128 + n if signal n ended it; the runtime's own if it did not start
 */
export async function relay(
  paths: InstallPaths,
  { program, before, after, pidFile }: RelayedCommand,
  { input, terminal }: StreamOptions,
): Promise<number> {
  const folder = socketsDir(paths);
  const socket = terminal ? join(folder, `console-${randomBytes(6).toString('hex')}`) : '';
  if (terminal) await mkdir(folder, { recursive: true, mode: 0o700 });
  const how = [
    '--detach',
    '--pid-file',
    pidFile,
    ...(terminal ? ['--console-socket', socket] : []),
  ];
  const numbers = callsOf().map(String);
  const words = [
    ...numbers,
    input ? '1' : '0',
    pidFile,
    socket,
    program,
    ...before,
    ...how,
    ...after,
  ];
  try {
    return await inForeground('perl', ['-e', RELAY, '--', ...words], terminal && input);
  } finally {
    if (terminal) await rm(socket, { force: true });
  }
}

/** A terminal as large as ours, if we have one. */
export function ownTerminal(): Terminal {
  const fd = [0, 1, 2].find((each) => isatty(each));
  if (fd === undefined) return {};
  const stream = fd === 1 && process.stdout.isTTY ? process.stdout : new WriteStream(fd);
  const [width, height] = stream.getWindowSize();
  if (stream !== process.stdout) stream.destroy();
  return width > 0 && height > 0 ? { consoleSize: { height, width } } : {};
}

/**
 * prctl(2), recvmsg(2) and sched_setscheduler(2), for which Perl has no functions, and the ioctls
 * for a terminal's size: include/uapi/asm-generic/{unistd,ioctls}.h and the architectures' own
 * tables.
 */
const CALLS: Partial<Record<typeof arch, [number, number, number, number?, number?]>> = {
  x64: [157, 47, 144],
  arm64: [167, 212, 119],
  riscv64: [167, 212, 119],
  loong64: [167, 212, 119],
  arm: [172, 297, 156],
  ppc64: [171, 342, 156, 0x40087468, 0x80087467],
  s390x: [172, 372, 156],
};

function callsOf(): number[] {
  const numbers = CALLS[arch];
  if (numbers === undefined) throw new Error(`cannot run a command in the foreground on ${arch}`);
  const [prctl, recvmsg, schedule, getSize = 0x5413, setSize = 0x5414] = numbers;
  return [prctl, recvmsg, schedule, getSize, setSize];
}
