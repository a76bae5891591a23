import { join } from 'node:path';
import { cgroupPath, type InstallPaths } from '../../../model/install-paths.js';
import type { Life, Started, StartedInForeground } from '../../ports.js';
import { isFrozen } from '../cgroups/freezer.js';
import { readHierarchies } from '../cgroups/hierarchies.js';
import { replaceFileSync } from '../files/atomic-write.js';
import { readText } from '../files/read.js';
import { bootId, uptime } from '../process/processes.js';
import { bundleFiles, exitsDir } from './layout.js';
import { isAlive } from './process.js';

/** Stored in the bundle, so that the container can be found by its id alone. */
export function saveStarted(
  paths: InstallPaths,
  id: string,
  started: Started | StartedInForeground,
): void {
  replaceFileSync(bundleFiles(paths, id).started, JSON.stringify(started));
}

/** The running container with this id; undefined if its process has ended or its pid was reused. */
export function runningContainer(paths: InstallPaths, id: string): Started | undefined {
  const started = lastStarted(paths, id);
  return started && isAlive(started) ? started : undefined;
}

/** Whether conmon is running, which outlives the container until all output is in the log. */
export function isMonitored(paths: InstallPaths, id: string): boolean {
  const started = lastStarted(paths, id);
  // foreground containers have none
  return (
    started?.monitor !== undefined && isAlive({ ...started.monitor, boot_id: started.boot_id })
  );
}

/**
 * See Health.life. An ended container counts as running until its monitor has recorded the exit
 * code.
 */
export function lifeOf(paths: InstallPaths, id: string): Life | undefined {
  const started = lastStarted(paths, id);
  if (!started || started.boot_id !== bootId()) return undefined;
  const age = Math.max(0, uptime() - started.start_time * 10);
  if (isAlive(started)) {
    const paused = isFrozen(readHierarchies(), cgroupPath(paths, id));
    return { running: true, paused, age };
  }
  const text = readText(join(exitsDir(paths), id))?.trim();
  if (text) return { running: false, code: Number(text), age };
  return { running: isMonitored(paths, id), age };
}

function lastStarted(paths: InstallPaths, id: string): Started | undefined {
  const text = readText(bundleFiles(paths, id).started);
  return text ? (JSON.parse(text) as Started) : undefined;
}

/** A number that conmon wrote to a file in the bundle. */
export function pidIn(file: string): number | undefined {
  const pid = Number(readText(file));
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
}
