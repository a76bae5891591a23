import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cgroupPath, type InstallPaths } from '../../../model/install-paths.js';
import type { RuntimeCommand } from '../../../model/oci.js';
import { poll } from '../../../model/poll.js';
import type { MountSpec } from '../../../model/specs.js';
import type { Foreground, StartedInForeground } from '../../ports.js';
import { isOwned, ownerMark } from '../owner.js';
import { lastLines } from '../process/output.js';
import { type RunResult, run } from '../process/run.js';
import { configJson, type ProcessSpec } from './config-json.js';
import { checkTargets, checkTree, checkWorkingDir } from './disk-checks.js';
import { filterFor } from './filter.js';
import { readHostFacts } from './host-facts.js';
import { oneOffDir, stateDir } from './layout.js';
import { givePrivateFiles } from './private-files.js';
import { identify, signalProcess } from './process.js';
import { pidIn, saveStarted } from './started.js';
import { resolveUser } from './users.js';

interface Watched {
  id: string;
  /** Name of the runtime. */
  runtime: string;
  /** The runtime writes the pid of the container's first process there. */
  pidFile: string;
  /** Milliseconds from the stop request to SIGKILL. */
  grace: number;
}

/**
 * Watches a container in the foreground: announces its start, so that it can be found by its id
 * like any other, and kills it if it does not react to a stop request, as a first process without a
 * handler for the signal (pid_namespaces(7)).
 *
 * @returns a function that stops watching
 */
export function watchOneOff(
  paths: InstallPaths,
  watched: Watched,
  { started, stop }: Pick<Foreground, 'started' | 'stop'>,
): () => void {
  const over = new AbortController();
  void follow(paths, watched, { started, stop, over: over.signal }).catch(() => undefined);
  return () => over.abort();
}

async function follow(
  paths: InstallPaths,
  { id, runtime, pidFile, grace }: Watched,
  { started, stop, over }: Pick<Foreground, 'started' | 'stop'> & { over: AbortSignal },
): Promise<void> {
  const pid = await poll(() => pidIn(pidFile), { pause: 5, maxPause: 100, signal: over });
  const first = pid === undefined ? undefined : identify(pid);
  if (!first) return;
  const known: StartedInForeground = {
    ...first,
    started_at: new Date().toISOString(),
    runtime,
  };
  saveStarted(paths, id, known);
  started(known);
  if (!stop.aborted) await aborted(stop);
  await sleep(grace, undefined, { signal: over });
  signalProcess(first, constants.signals.SIGKILL);
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });

export interface OneOff {
  runtime: RuntimeCommand;
  tree: string;
  args: string[];
  environment?: Record<string, string>;
  user?: string;
  working_dir?: string;
  mounts?: MountSpec[];
  security?: ProcessSpec['security'];
  /** Its purpose for the error message. */
  purpose: string;
}

/** Milliseconds for one build step, a command of `run:`. */
const STEP_TIMEOUT = 3600_000;

/** More than any build step needs, less than a fork bomb. */
const PIDS = 2048;

/**
 * Runs one command in a container that is removed afterwards: with a writable tree, without
 * network, with secure defaults. The caller removes its cgroup, `cgroup(id)`.
 *
 * @throws Error with the end of the command's output
 */
export async function runOneOff(
  paths: InstallPaths,
  wanted: OneOff,
  id = oneOffId(),
): Promise<void> {
  const bundle = join(oneOffDir(paths), id);
  const state = stateDir(paths, wanted.runtime.name);
  checkTree(wanted.tree);
  checkWorkingDir(wanted.tree, wanted.working_dir ?? '/', wanted.mounts);
  checkTargets(wanted.tree, { mounts: wanted.mounts ?? [] }, []);
  await mkdir(bundle, { recursive: true, mode: 0o700 });
  await mkdir(state, { recursive: true, mode: 0o700 });
  try {
    await writeFile(join(bundle, 'config.json'), JSON.stringify(specOf(paths, wanted, id)));
    const [program = '', ...words] = wanted.runtime.command;
    const args = [...words, '--root', state, 'run', '--bundle', bundle, id];
    const ran = await run(program, args, {
      cwd: bundle,
      reject: false,
      foreign: true,
      tail: true,
      timeout: STEP_TIMEOUT,
    });
    if (ran.code !== 0) throw failure(wanted, ran);
  } finally {
    await rm(bundle, { recursive: true, force: true });
  }
}

/**
 * Includes the end of both streams: the last message of a command need not be on standard error.
 */
function failure({ purpose, runtime }: OneOff, { code, stdout, stderr }: RunResult): Error {
  const outputs = [stdout, stderr].map((text) => lastLines(text)).filter(Boolean);
  return new Error(
    `cannot ${purpose}: ${runtime.name}: ${outputs.join('; ') || `exit code ${code}`}`,
  );
}

const ONE_OFF_PREFIX = 'once.';

/** Whether the owner of a one-off container, named by its id, is still running. */
export const isOwnerAlive = (id: string) => isOwned(id.slice(ONE_OFF_PREFIX.length));

/** The id names the owner: when that process is gone, the container is useless. */
export const oneOffId = () => `${ONE_OFF_PREFIX}${ownerMark()}${randomBytes(6).toString('hex')}`;

function specOf(paths: InstallPaths, wanted: OneOff, id: string) {
  const { tree, args, environment = {}, user = '0:0', working_dir = '/' } = wanted;
  const described: ProcessSpec = {
    args,
    environment,
    working_dir,
    hostname: 'once',
    mounts: wanted.mounts ?? [],
    security: wanted.security ?? 'default',
    limits: { pids: PIDS },
    cap_add: [],
    cap_drop: [],
    read_only: false,
    tmpfs: [],
    sysctls: {},
    ulimits: {},
  };
  const account = resolveUser(tree, user);
  givePrivateFiles(paths, described.mounts, account.uid);
  return configJson(described, {
    rootfs: tree,
    cgroup: cgroupPath(paths, id),
    files: {},
    user: account,
    host: readHostFacts(),
    seccomp: (capabilities) => filterFor(described, capabilities),
  });
}
