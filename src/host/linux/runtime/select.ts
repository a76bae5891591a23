import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { messageOf, UserError } from '../../../model/errors.js';
import type { InstallPaths } from '../../../model/install-paths.js';
import { cgroupPath } from '../../../model/install-paths.js';
import type { RuntimeCommand } from '../../../model/oci.js';
import type { Cgroups } from '../../ports.js';
import { readHierarchies } from '../cgroups/hierarchies.js';
import { replaceFileSync } from '../files/atomic-write.js';
import { bootId } from '../process/processes.js';
import { findProgram } from '../process/programs.js';
import { run } from '../process/run.js';
import { hybridCgroupWorkaround } from './hybrid-cgroup-workaround.js';
import { oneOffId, runOneOff } from './one-off.js';

export interface SelectedRuntime extends RuntimeCommand {
  path: string;
  version: string;
  /** Preferred runtimes that do not work here, with their errors. */
  tried: { name: string; error: string }[];
}

/** In order of preference: crun starts three times as fast. */
const KNOWN = ['crun', 'runc'];

const NAME = /^[a-z0-9][a-z0-9._-]{0,31}$/;

/**
 * The OCI runtime to use: the requested one, or the first of crun and runc that works here. Being
 * installed is not enough (crun 1.8 rejects hybrid cgroups), so each runs a container that does
 * nothing, once per boot and version; the result is cached in `<run>/runtime.json`.
 *
 * @throws UserError if none works, with each one's error
 */
export async function selectRuntime(
  paths: InstallPaths,
  cgroups: Pick<Cgroups, 'remove'>,
  wanted?: string,
): Promise<SelectedRuntime> {
  if (wanted !== undefined && !NAME.test(wanted)) {
    throw new UserError(`cannot use runtime ${wanted}: it must be the name of a program in PATH`);
  }
  const cached = readCache(paths, wanted);
  if (cached) return cached;
  const tried: SelectedRuntime['tried'] = [];
  for (const name of wanted ? [wanted] : KNOWN) {
    const answer = await attempt(paths, cgroups, name);
    if (!('error' in answer)) {
      const selected = { ...answer, tried };
      await writeCache(paths, wanted, selected);
      return selected;
    }
    tried.push(answer);
  }
  throw noneWorks(tried);
}

async function attempt(
  paths: InstallPaths,
  cgroups: Pick<Cgroups, 'remove'>,
  name: string,
): Promise<Omit<SelectedRuntime, 'tried'> | { name: string; error: string }> {
  const path = findProgram(name);
  if (!path) return { name, error: 'not installed' };
  try {
    const command = await workingCommand(paths, cgroups, name, path);
    const { stdout } = await run(path, ['--version']);
    return { name, path, command, version: /\d+(\.\d+)+\S*/.exec(stdout)?.[0] ?? 'unknown' };
  } catch (error) {
    return { name, error: messageOf(error).replace(/^cannot try \S+: \S+: /, '') };
  }
}

/**
 * The runtime itself, or the workaround for hybrid cgroups. @throws Error the runtime's first error
 */
async function workingCommand(
  paths: InstallPaths,
  cgroups: Pick<Cgroups, 'remove'>,
  name: string,
  path: string,
): Promise<string[]> {
  const works = (command: string[]) => runNothing(paths, cgroups, { name, command });
  try {
    await works([path]);
    return [path];
  } catch (error) {
    const helped = hybridCgroupWorkaround(readHierarchies(), path);
    if (!helped) throw error;
    await works(helped).catch(() => {
      throw error;
    });
    return helped;
  }
}

/**
 * Runs the host's own `true` on an empty tree with the host's programs and libraries bind-mounted.
 */
async function runNothing(
  paths: InstallPaths,
  cgroups: Pick<Cgroups, 'remove'>,
  runtime: RuntimeCommand,
): Promise<void> {
  const id = oneOffId();
  const tree = join(paths.run, 'probe', id);
  await mkdir(tree, { recursive: true });
  const mounts = ['/usr', '/bin', '/lib', '/lib64']
    .filter((path) => existsSync(path))
    .map((path) => ({ source: path, target: path, read_only: true }));
  const args = [findProgram('true') ?? '/bin/true'];
  try {
    const purpose = `try ${runtime.name}`;
    await runOneOff(paths, { runtime, tree, args, mounts, security: 'unconfined', purpose }, id);
  } finally {
    await cgroups.remove(cgroupPath(paths, id));
    await rm(tree, { recursive: true, force: true });
  }
}

function noneWorks(tried: SelectedRuntime['tried']): UserError {
  const errors = tried.map(({ name, error }) => `  ${name}: ${error}`);
  const missing = tried.filter(({ error }) => error === 'not installed').map(({ name }) => name);
  const install = missing.length > 0 ? [`apt-get install ${missing.join(' ')}`] : [];
  return new UserError(
    ['cannot start containers: no OCI runtime works here', ...errors],
    [...install, 'baleine doctor says what the host lacks'],
  );
}

interface Cached {
  boot_id: string;
  selected: Record<string, SelectedRuntime & { modified: number }>;
}

const cacheFile = (paths: InstallPaths) => join(paths.run, 'runtime.json');
const keyOf = (wanted: string | undefined) => wanted ?? 'default';

/** After a failed start the cached result may be outdated, so the next run probes again. */
export async function forgetSelected(paths: InstallPaths): Promise<void> {
  await rm(cacheFile(paths), { force: true });
}

/** Another version of the program may behave differently. */
function readCache(paths: InstallPaths, wanted: string | undefined): SelectedRuntime | undefined {
  const found = cacheOf(paths).selected[keyOf(wanted)];
  // earlier releases did not store commands
  if (!found?.command) return undefined;
  const { modified, ...selected } = found;
  return modifiedAt(selected.path) === modified ? selected : undefined;
}

async function writeCache(
  paths: InstallPaths,
  wanted: string | undefined,
  selected: SelectedRuntime,
): Promise<void> {
  const cached = cacheOf(paths);
  cached.selected[keyOf(wanted)] = { ...selected, modified: modifiedAt(selected.path) };
  const file = cacheFile(paths);
  const temporary = `${file}.${basename(selected.path)}.${process.pid}`;
  replaceFileSync(file, JSON.stringify(cached), { temporary });
}

function cacheOf(paths: InstallPaths): Cached {
  const boot_id = bootId();
  try {
    const cached = JSON.parse(readFileSync(cacheFile(paths), 'utf8')) as Cached;
    if (cached.boot_id === boot_id) return cached;
  } catch {
    // Absent, or partially written by a crash: probe again.
  }
  return { boot_id, selected: {} };
}

const modifiedAt = (path: string) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
