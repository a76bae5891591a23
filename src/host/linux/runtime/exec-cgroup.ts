import { mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { poll } from '../../../model/poll.js';
import { type Hierarchies, readHierarchies } from '../cgroups/hierarchies.js';
import { ifThere, readText } from '../files/read.js';
import { isOwned, ownerMark } from '../owner.js';

/**
 * The cgroup of one command, below its container's; it contains everything that the command starts.
 */
export interface CommandGroup {
  /** Arguments for the runtime's `exec`. */
  args: string[];
  /** Kills everything in it, including processes that left their parents and session. */
  kill(): void;
  /** Kills until it is empty, then removes it. */
  end(): Promise<void>;
}

const PREFIX = 'exec-';

let count = 0;

/**
 * Creates a cgroup for a command. No process can leave it: containers see their cgroups read-only.
 *
 * crun(1) puts the command into the same group of every hierarchy; on v1, runc(8) requires the name
 * of a controller's hierarchy. Other runtimes get no arguments: then only processes with their
 * original parents or session are ended together with the command.
 */
export function makeCommandGroup(cgroup: string, runtime: string): CommandGroup | undefined {
  const hierarchies = readHierarchies();
  const places = placesFor(runtime, hierarchies, cgroup);
  if (places.length === 0) return undefined;
  for (const { dir } of places) removeStale(dir);
  const name = `${PREFIX}${ownerMark()}${++count}`;
  const groups = places.map(({ dir }) => join(dir, name));
  try {
    for (const group of groups) makeGroup(group);
  } catch (error) {
    for (const group of groups) remove(group);
    throw error;
  }
  const { controller } = places[0] as Place;
  return {
    args: ['--cgroup', controller === undefined ? name : `${controller}:${name}`],
    kill: () => groups.forEach(killAll),
    end: () => endAll(groups),
  };
}

interface Place {
  /** Of the container. */
  dir: string;
  /** Controllers to pass with the group. */
  controller?: string;
}

/** Any controller would do; every host with cgroup limits has these. */
const ANCHOR_CONTROLLERS = ['pids', 'freezer', 'memory', 'devices'];

function placesFor(runtime: string, { v1, named, unified }: Hierarchies, cgroup: string): Place[] {
  const isThere = ({ dir }: Place) => readText(join(dir, 'cgroup.procs')) !== undefined;
  if (runtime === 'crun') {
    const roots = unified === undefined ? named : [...named, unified];
    return roots.map((root) => ({ dir: join(root, cgroup) })).filter(isThere);
  }
  if (runtime !== 'runc') return [];
  const places = ANCHOR_CONTROLLERS.flatMap((controller): Place[] => {
    const root = v1.get(controller);
    return root === undefined ? [] : [{ dir: join(root, cgroup), controller }];
  });
  const all = v1.size > 0 ? places : unified === undefined ? [] : [{ dir: join(unified, cgroup) }];
  return all.filter(isThere).slice(0, 1);
}

/**
 * On v1 a new group has no CPUs and no memory nodes, and accepts processes only once both are set
 * (cpusets(7)).
 */
function makeGroup(group: string): void {
  mkdirSync(group);
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    const own = readText(join(group, file))?.trim();
    const parent = readText(join(group, '..', file))?.trim();
    if (own === '' && parent) writeFileSync(join(group, file), parent);
  }
}

/** The next command ends what a killed run left behind. */
function removeStale(dir: string): void {
  const names = ifThere(() => readdirSync(dir)) ?? [];
  for (const name of names.filter((each) => each.startsWith(PREFIX))) {
    if (isOwned(name.slice(PREFIX.length))) continue;
    killAll(join(dir, name));
    remove(join(dir, name));
  }
}

/** Milliseconds for killed processes to end, and between two checks. */
const KILL_TIMEOUT = 2000;
const PAUSE = 10;

async function endAll(groups: string[]): Promise<void> {
  let left = groups;
  const isEmpty = () => {
    for (const group of left) killAll(group);
    left = left.filter((group) => !remove(group));
    return left.length === 0;
  };
  await poll(isEmpty, { limit: KILL_TIMEOUT, pause: PAUSE });
}

function killAll(group: string): void {
  const pids = (readText(join(group, 'cgroup.procs')) ?? '').split('\n').map(Number);
  // 0 is a process outside our pid namespace (pid_namespaces(7)); kill(2) would signal our own group
  for (const pid of pids.filter((each) => each > 0)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** False while it contains processes. */
function remove(group: string): boolean {
  try {
    rmdirSync(group);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return true;
    if (code === 'EBUSY') return false;
    throw error;
  }
}
