import { configCache, type InstallPaths } from '../../model/install-paths.js';
import type { TableFormat } from '../../state/table.js';
import { readConfig } from '../read-config.js';
import { CachingFastPath } from './caching.js';
import { removeCached } from './config-cache.js';
import type { FastPath, NoOpCheck, Records, Run } from './fast-path.js';

export type { FastPath, NoOpCheck, Records, Run };

export function fastPathFor(
  run: Run,
  tables: readonly TableFormat[],
  env: NodeJS.ProcessEnv = process.env,
): FastPath {
  return env.BALEINE_FAST_PATH === '0' ? fullPath(run) : new CachingFastPath(run, tables);
}

/** Reads no cache and writes none. */
export function fullPath(run: Pick<Run, 'state'>): FastPath {
  return {
    isOff: true,
    config: readConfig,
    records: () => run.state(),
    checkNoOp: () => async () => false,
    isInSync: async () => false,
    noteInSync: () => undefined,
    store: () => undefined,
  };
}

/** Removes what is cached of the files of a stack. */
export function removeCachedStack(paths: InstallPaths, stack: string): void {
  removeCached(configCache(paths), stack);
}
