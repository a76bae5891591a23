import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { UserError } from '../../../model/errors.js';
import { type InstallPaths, logFile } from '../../../model/install-paths.js';
import type { RuntimeCommand } from '../../../model/oci.js';
import type { HostPort } from '../../../model/publish.js';
import { logMessages } from '../process/logfmt.js';
import { lastLines } from '../process/output.js';
import { findProgram } from '../process/programs.js';
import type { SpawnHelper } from '../process/spawn-helper.js';
import { DUMP_OPTIONS } from './checkpoint.js';
import {
  bundleFiles,
  exitsDir,
  linkRoot,
  plainRoot,
  socketKey,
  socketsDir,
  stateDir,
} from './layout.js';
import { restoreCommand } from './restored.js';

/** Maximum seconds for the runtime to create a container; a loaded host is slow. */
const CREATE_TIMEOUT = 60;

export interface MonitorOptions {
  id: string;
  runtime: RuntimeCommand;
  /** Bytes after which a new log is started. */
  logSize: number;
  /** Addresses on the host whose listening sockets the container's first process inherits. */
  sockets: HostPort[];
  /** Command to run when the container has ended, without standard streams; may be empty. */
  exitCommand: string[];
  /** Its first process gets a terminal, whose output is logged. */
  terminal: boolean;
  /** Its standard input stays open. */
  input: boolean;
  /** Milliseconds after which conmon kills it, whether or not baleine runs then. Absent: never. */
  timeout?: number;
  /** A folder with saved processes: it is restored and runs, instead of being created. */
  images?: string | undefined;
}

/**
 * Starts conmon, which creates a container without starting it and stays as its parent: it writes
 * the log and, at the end, the exit code.
 *
 * @returns pid of the container's first process
 * @throws Error with the runtime's message
 */
export async function launchMonitor(
  paths: InstallPaths,
  spawnHelper: SpawnHelper,
  wanted: MonitorOptions,
): Promise<number> {
  const { id, runtime } = wanted;
  const program = findProgram('conmon');
  if (!program) {
    throw new UserError(`cannot start ${id}: conmon is not installed`, 'apt-get install conmon');
  }
  const log = join(plainRoot(paths), relative(paths.root, logFile(paths, id)));
  const state = stateDir(paths, runtime.name);
  const folders = [exitsDir(paths), socketsDir(paths), state, dirname(logFile(paths, id))];
  for (const path of folders) mkdirSync(path, { recursive: true, mode: 0o700 });
  linkRoot(paths);
  // records that there may be a monitor before the monitor has written its own pid file
  writeFileSync(bundleFiles(paths, id).monitor, '', { mode: 0o600 });
  const [first, ...words] = wanted.images === undefined ? [program] : restoreCommand(program);
  const { line, complaint } = await spawnHelper.begin({
    folder: bundleFiles(paths, id).dir,
    sockets: wanted.sockets,
    lineTimeout: CREATE_TIMEOUT,
    program: first,
    args: [...words, ...argumentsFor(paths, wanted, state, log)],
  });
  const { data, message } = parse(line);
  if (data !== undefined && data > 0) return data;
  const cause = readable(message ?? complaint) || 'conmon gave no answer';
  const by = cause.startsWith('cannot listen') ? '' : `${runtime.name}: `;
  throw new Error(`cannot start ${id}: ${by}${cause}`);
}

function argumentsFor(
  paths: InstallPaths,
  {
    id,
    runtime,
    logSize,
    sockets,
    terminal,
    input,
    timeout,
    images,
    exitCommand: [program, ...words],
  }: MonitorOptions,
  state: string,
  log: string,
): string[] {
  const files = bundleFiles(paths, id);
  const [first = '', ...before] = runtime.command;
  const runtimeWords = [...before, '--root', state];
  return [
    ...['--api-version', '1', '--cid', id, '--cuuid', socketKey(id), '--name', id],
    ...['--runtime', first, ...runtimeWords.flatMap((word) => ['--runtime-arg', word])],
    ...['--bundle', files.dir, '--container-pidfile', files.pid],
    ...['--conmon-pidfile', files.monitor],
    ...['--exit-dir', exitsDir(paths), '--persist-dir', files.dir],
    ...['--socket-dir-path', socketsDir(paths)],
    ...['--log-path', `k8s-file:${log}`, '--log-size-max', String(logSize)],
    ...(terminal ? ['--terminal'] : []),
    ...(input ? ['--stdin', '--leave-stdin-open'] : []),
    ...(timeout === undefined ? [] : ['--timeout', String(Math.ceil(timeout / 1000))]),
    ...(sockets.length > 0 ? ['--replace-listen-pid'] : []),
    ...(images === undefined ? [] : ['--restore', images]),
    ...(images === undefined ? [] : DUMP_OPTIONS.flatMap((word) => ['--runtime-opt', word])),
    ...(program === undefined ? [] : ['--exit-command', program]),
    ...words.flatMap((word) => ['--exit-command-arg', word]),
  ];
}

/**
 * conmon answers with one line, `{"data": PID}` or `{"data": -1, "message": …}`, and keeps running.
 */
function parse(line: string): { data?: number; message?: string } {
  try {
    return line === '' ? {} : JSON.parse(line);
  } catch {
    return { message: line };
  }
}

/** runc logs in logfmt: `time="…" level=error msg="the text with \"quotes\""`. */
function readable(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() && !/level=(info|debug)/.test(line));
  const messages = lines.map((line) => logMessages(line)[0] ?? line.trim());
  return lastLines(messages.join('\n'), 3);
}
