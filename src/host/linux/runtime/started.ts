import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupPath, type InstallPaths } from '../../../model/install-paths.js';
import type { Life, Started, StartedInForeground } from '../../ports.js';
import { isFrozen } from '../cgroups/freezer.js';
import { readHierarchies } from '../cgroups/hierarchies.js';
import { readText } from '../files/read.js';
import { bootId, uptime } from '../process/processes.js';
import { bundleFiles, exitsDir } from './layout.js';
import { isAlive } from './process.js';

/** Kept in the bundle, so that a container is found by its id alone. */
export function keepStarted(
  site: InstallPaths,
  id: string,
  started: Started | StartedInForeground,
): void {
  const file = bundleFiles(site, id).started;
  writeFileSync(`${file}.new`, JSON.stringify(started), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** The running container of an id; undefined when its process has ended or another has its pid. */
export function runningContainer(site: InstallPaths, id: string): Started | undefined {
  const started = lastStarted(site, id);
  return started && isAlive(started) ? started : undefined;
}

/** Whether conmon is there, which outlives the container until all it printed is in the log. */
export function isMonitored(site: InstallPaths, id: string): boolean {
  const started = lastStarted(site, id);
  // one in the foreground has none
  return (
    started?.monitor !== undefined && isAlive({ ...started.monitor, boot_id: started.boot_id })
  );
}

/** See Health.life. One that has ended counts as running until its monitor has told how. */
export function lifeOf(site: InstallPaths, id: string): Life | undefined {
  const started = lastStarted(site, id);
  if (!started || started.boot_id !== bootId()) return undefined;
  const age = Math.max(0, uptime() - started.start_time * 10);
  if (isAlive(started)) {
    const paused = isFrozen(readHierarchies(), cgroupPath(site, id));
    return { running: true, paused, age };
  }
  const text = readText(join(exitsDir(site), id))?.trim();
  if (text) return { running: false, code: Number(text), age };
  return { running: isMonitored(site, id), age };
}

function lastStarted(site: InstallPaths, id: string): Started | undefined {
  const text = readText(bundleFiles(site, id).started);
  return text ? (JSON.parse(text) as Started) : undefined;
}

/** A number that conmon wrote to a file of the bundle. */
export function pidIn(file: string): number | undefined {
  const pid = Number(readText(file));
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
}
