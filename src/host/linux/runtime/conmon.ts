import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { messageOf, UserError } from '../../../model/errors.js';
import { logFile, type Site } from '../../../model/site.js';
import { bundleFiles, exitsDir, socketKey, socketsDir, stateDir } from './layout.js';
import { findProgram } from './programs.js';

/** Milliseconds for the runtime to make a container; a loaded host needs some seconds. */
const PATIENCE = 60_000;

/** The descriptor that conmon(8) answers on. */
const SYNC = 3;

export interface Launch {
  id: string;
  runtime: { name: string; path: string };
  /** Bytes after which the log begins anew. */
  logSize: number;
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
  const child = spawn(program, argumentsFor(site, wanted, state, log), {
    cwd: bundleFiles(site, id).dir,
    detached: true,
    env: { ...process.env, LC_ALL: 'C', _OCI_SYNCPIPE: String(SYNC) },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  return created(id, runtime.name, child);
}

function argumentsFor(
  site: Site,
  { id, runtime, logSize, exitCommand: [program, ...words] }: Launch,
  state: string,
  log: string,
): string[] {
  const files = bundleFiles(site, id);
  return [
    ...['--api-version', '1', '--cid', id, '--cuuid', socketKey(id), '--name', id],
    ...['--runtime', runtime.path, '--runtime-arg', '--root', '--runtime-arg', state],
    ...['--bundle', files.dir, '--container-pidfile', files.pid],
    ...['--conmon-pidfile', files.monitor],
    ...['--exit-dir', exitsDir(site), '--persist-dir', files.dir],
    ...['--socket-dir-path', socketsDir(site)],
    ...['--log-path', `k8s-file:${log}`, '--log-size-max', String(logSize)],
    ...(program === undefined ? [] : ['--exit-command', program]),
    ...words.flatMap((word) => ['--exit-command-arg', word]),
  ];
}

/** conmon answers with one line, `{"data": PID}` or `{"data": -1, "message": …}`, and lives on. */
async function created(id: string, runtime: string, child: ChildProcess): Promise<number> {
  const sync = child.stdio[SYNC] as Readable;
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
  throw new Error(`cannot start ${id}: ${runtime}: ${cause}`);
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
