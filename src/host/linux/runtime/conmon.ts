import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { messageOf, UserError } from '../../../model/errors.js';
import type { Place } from '../../../model/publish.js';
import { logFile, type Site } from '../../../model/site.js';
import { bundleFiles, exitsDir, socketKey, socketsDir, stateDir } from './layout.js';
import { withSockets } from './listen.js';
import { findProgram, type RuntimeCommand } from './programs.js';

/** Milliseconds for the runtime to make a container; a loaded host needs some seconds. */
const PATIENCE = 60_000;

export interface Launch {
  id: string;
  runtime: RuntimeCommand;
  /** Bytes after which the log begins anew. */
  logSize: number;
  /** Where on the host the container's first process listens from the beginning. */
  sockets: Place[];
  /** Run when the container has ended, without standard streams; may be empty. */
  exitCommand: string[];
}

/**
 * Has conmon create a container, not started yet, and stay as its parent: it writes the log and,
 * at the end, the exit code.
 *
 * @returns pid of the container's first process
 * @throws Error with what the runtime said
 */
export async function launch(site: Site, wanted: Launch): Promise<number> {
  const { id, runtime } = wanted;
  const program = findProgram('conmon');
  if (!program) {
    throw new UserError(`cannot start ${id}: conmon is not installed`, 'apt-get install conmon');
  }
  const log = logFile(site, id);
  const state = stateDir(site, runtime.name);
  const folders = [exitsDir(site), socketsDir(site), state, dirname(log)];
  await Promise.all(folders.map((path) => mkdir(path, { recursive: true, mode: 0o700 })));
  // tells that there may be a monitor even before it has told itself
  await writeFile(bundleFiles(site, id).monitor, '', { mode: 0o600 });
  const { sockets } = wanted;
  const command = withSockets(sockets, program, argumentsFor(site, wanted, state, log));
  // conmon(8) answers on the descriptor after those
  const sync = 3 + sockets.length;
  const child = spawn(command.program, command.args, {
    cwd: bundleFiles(site, id).dir,
    detached: true,
    env: { ...process.env, LC_ALL: 'C', _OCI_SYNCPIPE: String(sync) },
    stdio: ['ignore', 'ignore', 'pipe', ...sockets.map(() => 'ignore' as const), 'pipe'],
  });
  return created(id, runtime.name, child, child.stdio[sync] as Readable);
}

function argumentsFor(
  site: Site,
  { id, runtime, logSize, sockets, exitCommand: [program, ...words] }: Launch,
  state: string,
  log: string,
): string[] {
  const files = bundleFiles(site, id);
  const [first = '', ...before] = runtime.command;
  const runtimeWords = [...before, '--root', state];
  return [
    ...['--api-version', '1', '--cid', id, '--cuuid', socketKey(id), '--name', id],
    ...['--runtime', first, ...runtimeWords.flatMap((word) => ['--runtime-arg', word])],
    ...['--bundle', files.dir, '--container-pidfile', files.pid],
    ...['--conmon-pidfile', files.monitor],
    ...['--exit-dir', exitsDir(site), '--persist-dir', files.dir],
    ...['--socket-dir-path', socketsDir(site)],
    ...['--log-path', `k8s-file:${log}`, '--log-size-max', String(logSize)],
    ...(sockets.length > 0 ? ['--replace-listen-pid'] : []),
    ...(program === undefined ? [] : ['--exit-command', program]),
    ...words.flatMap((word) => ['--exit-command-arg', word]),
  ];
}

/** conmon answers with one line, `{"data": PID}` or `{"data": -1, "message": …}`, and lives on. */
async function created(
  id: string,
  runtime: string,
  child: ChildProcess,
  sync: Readable,
): Promise<number> {
  const said: Buffer[] = [];
  child.stderr?.on('data', (chunk: Buffer) => said.push(chunk));
  const left = once(child, 'exit').catch((error) => said.push(Buffer.from(messageOf(error))));
  const line = await firstLine(sync);
  sync.destroy();
  const { data, message } = parse(line);
  if (data !== undefined && data > 0) {
    // conmon's first process, which only forks, must not stay as a zombie of ours.
    await left;
    return data;
  }
  if (line === undefined) child.kill('SIGKILL');
  await left;
  const cause = readable(message ?? Buffer.concat(said).toString()) || 'conmon gave no answer';
  const by = cause.startsWith('cannot listen') ? '' : `${runtime}: `;
  throw new Error(`cannot start ${id}: ${by}${cause}`);
}

/** Undefined when the pipe is closed, or nothing comes in time. */
async function firstLine(from: Readable): Promise<string | undefined> {
  const lines = createInterface({ input: from });
  const timer = setTimeout(() => lines.close(), PATIENCE);
  try {
    for await (const line of lines) return line;
    return undefined;
  } finally {
    clearTimeout(timer);
    lines.close();
  }
}

function parse(line: string | undefined): { data?: number; message?: string } {
  try {
    return line === undefined ? {} : JSON.parse(line);
  } catch {
    return { message: line ?? '' };
  }
}

/** runc logs in logfmt: `time="…" level=error msg="the text with \"quotes\""`. */
function readable(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() && !/level=(info|debug)/.test(line));
  const messages = lines.map((line) => {
    const quoted = /msg=("(?:[^"\\]|\\.)*")/.exec(line)?.[1];
    return quoted ? String(JSON.parse(quoted)) : line.trim();
  });
  return messages.slice(-3).join('; ');
}
