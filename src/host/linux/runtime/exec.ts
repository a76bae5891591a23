import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../../model/errors.js';
import { cgroupPath, type InstallPaths } from '../../../model/install-paths.js';
import type { OciProcess, OciSpec } from '../../../model/oci.js';
import { isSocketVariable } from '../../../model/publish.js';
import type { Runtime, Started } from '../../ports.js';
import { readText } from '../files/read.js';
import { isOwned, ownerMark } from '../owner.js';
import { findProgram } from '../process/programs.js';
import { run } from '../process/run.js';
import { checkWorkingDir } from './disk-checks.js';
import { type CommandGroup, makeCommandGroup } from './exec-cgroup.js';
import { exitCodeOfFailedStart } from './exec-error-code.js';
import { isPaused } from './freeze.js';
import { bundleFiles, stateDir } from './layout.js';
import { identify, isAlive, signalProcess } from './process.js';
import { ownTerminal, type RelayedCommand, relay } from './relay.js';
import { pidIn, runningContainer } from './started.js';
import { resolveUser } from './users.js';

export interface ExecOptions {
  args: string[];
  /** `K=V` */
  environment?: string[];
  user?: string;
  working_dir?: string;
  /** Pass standard input on. */
  interactive?: boolean;
  tty?: boolean;
}

/**
 * Runs a command in a running container with our standard streams.
 *
 * @returns its exit code, 128 + n if signal n ended it; 127 if there is no such program, 126 if it
 *   cannot be executed
 * @throws UserError if the container is not running
 */
export async function execInteractive(
  paths: InstallPaths,
  id: string,
  options: ExecOptions,
): Promise<number> {
  const container = runningContainer(paths, id);
  if (!container) throw notRunning(id);
  if (isPaused(paths, id)) throw paused(id);
  if (options.tty && options.interactive && !process.stdin.isTTY) {
    throw new UserError(`cannot give ${id} a terminal: standard input is none`, 'Leave out -t');
  }
  return withCommand(paths, id, container, options, async (begun, { pidFile, described }) => {
    const { interactive: input = false, tty: terminal = false } = options;
    const code = await relay(paths, begun, { input, terminal });
    const started = code === 0 || existsSync(pidFile);
    return started ? code : exitCodeOfFailedStart(`/proc/${container.pid}/root`, described);
  });
}

/** The result of a command in a container. */
export interface Captured {
  /** 128 + n if signal n ended it. */
  code: number;
  /** The last 64 KiB of each stream. */
  output: string;
}

/**
 * Runs a command in a container and captures its output; undefined if the container is not running.
 * Leaves no processes behind, however it ends.
 *
 * @throws Error with its last output if it times out
 */
export async function execCaptured(
  paths: InstallPaths,
  id: string,
  args: string[],
  { timeout, environment, ...how }: Parameters<Runtime['execute']>[2] = {},
): Promise<Captured | undefined> {
  const container = runningContainer(paths, id);
  if (!container) return undefined;
  if (isPaused(paths, id)) throw paused(id);
  const options = {
    ...how,
    args,
    environment: Object.entries(environment ?? {}).map(([name, value]) => `${name}=${value}`),
  };
  const group = makeCommandGroup(cgroupPath(paths, id), container.runtime);
  const attempt = (own: CommandGroup | undefined) =>
    capture(paths, id, container, options, own, timeout);
  try {
    const { started, ...captured } = await attempt(group);
    if (started || !group) return captured;
    // a runtime that cannot use a group has started nothing; it answers the same if something is
    // missing
    const { started: _started, ...again } = await attempt(undefined);
    return again;
  } finally {
    await group?.end();
  }
}

async function capture(
  paths: InstallPaths,
  id: string,
  container: Started,
  options: ExecOptions,
  group: CommandGroup | undefined,
  timeout: number | undefined,
): Promise<Captured & { started: boolean }> {
  const command = { ...options, how: group?.args ?? [] };
  return withCommand(paths, id, container, command, async (begun) => {
    const { program, before, pidFile, after } = begun;
    const words = [...before, '--pid-file', pidFile, ...after];
    const ended = endWithCommand(pidFile, group);
    try {
      const { code, stdout, stderr } = await run(program, words, {
        purpose: `run ${options.args[0]} in ${id}`,
        reject: false,
        foreign: true,
        tail: true,
        ...(timeout !== undefined && { timeout }),
      });
      const output = [stdout, stderr].filter(Boolean).join('\n');
      return { code, output, started: code === 0 || existsSync(pidFile) };
    } finally {
      ended.stop();
    }
  });
}

/** Milliseconds between two checks whether a command has ended. */
const PAUSE = 100;

/**
 * Ends a command's leftover processes together with the command: otherwise runc(8) waits until they
 * close its streams.
 */
function endWithCommand(pidFile: string, group: CommandGroup | undefined): { stop(): void } {
  let first: ReturnType<typeof identify>;
  const timer = setInterval(() => {
    const pid = pidIn(pidFile);
    if (pid === undefined) return;
    first ??= identify(pid) ?? { pid, start_time: 0, boot_id: '' };
    if (!isAlive(first)) group?.kill();
  }, PAUSE);
  return { stop: () => clearInterval(timer) };
}

interface ProcessDescription {
  /** The runtime creates it exactly when the command runs. */
  pidFile: string;
  described: OciProcess;
}

/** Describes the whole process to the runtime: it may leave unspecified attributes unconfined. */
async function withCommand<T>(
  paths: InstallPaths,
  id: string,
  { runtime, pid }: Started,
  options: ExecOptions & { how?: string[] },
  act: (begun: RelayedCommand, command: ProcessDescription) => Promise<T>,
): Promise<T> {
  const { dir } = bundleFiles(paths, id);
  await removeStale(dir);
  const file = join(dir, `${PREFIX}${ownerMark()}${randomBytes(6).toString('hex')}.json`);
  const described = processOf(paths, id, pid, options);
  await writeFile(file, JSON.stringify(described), { mode: 0o600 });
  const pidFile = `${file}.pid`;
  try {
    const before = ['--root', stateDir(paths, runtime), 'exec'];
    const after = [...(options.how ?? []), '--process', file, id];
    const program = findProgram(runtime) ?? runtime;
    return await act({ program, before, after, pidFile }, { pidFile, described });
  } catch (error) {
    endCommand(paths, id, pidFile);
    throw error;
  } finally {
    for (const path of [file, pidFile]) await rm(path, { force: true });
  }
}

const PREFIX = 'exec-';

/** The next command removes the descriptions that killed runs left: they hold its environment. */
async function removeStale(dir: string): Promise<void> {
  for (const name of readdirSync(dir).filter((each) => each.startsWith(PREFIX))) {
    if (!isOwned(name.slice(PREFIX.length))) await rm(join(dir, name), { force: true });
  }
}

/** After the runtime's own process timed out, the one inside may still be running. */
function endCommand(paths: InstallPaths, id: string, pidFile: string): void {
  const pid = pidIn(pidFile);
  const started = pid === undefined ? undefined : identify(pid);
  // in one of its groups; otherwise the pid has been reused
  if (!started || !readText(`/proc/${pid}/cgroup`)?.includes(cgroupPath(paths, id))) return;
  signalProcess(started, constants.signals.SIGKILL);
}

function processOf(paths: InstallPaths, id: string, pid: number, options: ExecOptions): OciProcess {
  const files = bundleFiles(paths, id);
  const { process: own } = JSON.parse(readFileSync(files.config, 'utf8')) as OciSpec;
  const working_dir = options.working_dir ?? own.cwd;
  // Resolved as in the container: a link may be in a volume.
  checkWorkingDir(`/proc/${pid}/root`, working_dir);
  const user = options.user === undefined ? undefined : resolveUser(files.rootfs, options.user);
  const environment = [
    ...(user ? [`HOME=${user.home}`] : []),
    ...(options.tty ? [`TERM=${process.env.TERM ?? 'xterm'}`] : []),
    ...(options.environment ?? []).map(assignment),
  ];
  const replaced = new Set(environment.map(nameOf));
  // listening sockets belong to the first process only
  const isKept = (name: string) => !replaced.has(name) && !isSocketVariable(name);
  return {
    ...own,
    args: options.args,
    cwd: working_dir,
    env: [...own.env.filter((each) => isKept(nameOf(each))), ...environment],
    terminal: options.tty ?? false,
    ...(options.tty && ownTerminal()),
    ...(user && {
      user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    }),
  };
}

const nameOf = (text: string) => text.slice(0, text.indexOf('='));

/** `K` alone means our own value of it, as with `docker exec -e`. */
const assignment = (text: string) =>
  text.includes('=') ? text : `${text}=${process.env[text] ?? ''}`;

const paused = (id: string) =>
  new UserError(
    `cannot run a command in ${id}: it is paused`,
    `baleine unpause ${id.slice(id.indexOf('.') + 1)}`,
  );

const notRunning = (id: string) =>
  new UserError(
    `cannot run a command in ${id}: it is not running`,
    'baleine ps lists running containers',
  );
