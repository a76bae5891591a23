import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { arch } from 'node:process';
import { isatty, WriteStream } from 'node:tty';
import type { InstallPaths } from '../../../model/install-paths.js';
import { inForeground } from '../process/foreground.js';
import type { Terminal } from './config-json.js';
import { socketsDir } from './layout.js';
import { RELAY } from './relay-script.js';

/** How a command meets our standard streams. */
export interface Streaming {
  /** Pass standard input on. */
  input: boolean;
  /** It gets a terminal of its own, as large as ours. */
  terminal: boolean;
}

/** Words of `crun` or `runc` for `run` or `exec`, of which the command's own come last. */
export interface Begun {
  program: string;
  /** Up to and with `run` or `exec`. */
  before: string[];
  after: string[];
  /** The runtime writes the command's pid there when it runs, and not before. */
  pidFile: string;
}

/**
 * Has a runtime start a command and passes its streams on until it has ended.
 *
 * @returns its exit code, 128 + n when signal n ended it; the runtime's own when it did not start
 */
export async function relay(
  site: InstallPaths,
  { program, before, after, pidFile }: Begun,
  { input, terminal }: Streaming,
): Promise<number> {
  const folder = socketsDir(site);
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

/** A terminal as large as the one we have, if any. */
export function ownTerminal(): Terminal {
  const fd = [0, 1, 2].find((each) => isatty(each));
  if (fd === undefined) return {};
  const stream = fd === 1 && process.stdout.isTTY ? process.stdout : new WriteStream(fd);
  const [width, height] = stream.getWindowSize();
  if (stream !== process.stdout) stream.destroy();
  return width > 0 && height > 0 ? { consoleSize: { height, width } } : {};
}

/**
 * prctl(2), recvmsg(2) and sched_setscheduler(2), which perl has no words for, and the ioctls for a
 * terminal's size: include/uapi/asm-generic/{unistd,ioctls}.h and the ABIs' own tables.
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
