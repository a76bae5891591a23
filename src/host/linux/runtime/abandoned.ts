import { existsSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cgroupPath, type Site } from '../../../model/site.js';
import type { Cgroups } from '../../host.js';
import { ensureUnmounted } from '../disk-mounts.js';
import { deleteStates, killThoseWith } from './clear.js';
import { throwAwayDir } from './layout.js';
import { isAwaited } from './throw-away.js';

/**
 * Takes away throw-away containers that nobody waits for any more: a build was killed. First the
 * runtime, which would otherwise go on to make what is being removed.
 */
export async function clearAbandoned(site: Site, cgroups: Pick<Cgroups, 'remove'>): Promise<void> {
  const dir = throwAwayDir(site);
  for (const id of existsSync(dir) ? readdirSync(dir) : []) {
    if (isAwaited(id)) continue;
    const bundle = join(dir, id);
    await killThoseWith(bundle, id);
    await deleteStates(site, id);
    await cgroups.remove(cgroupPath(site, id));
    await rm(join(site.run, 'probe', id), { recursive: true, force: true });
    await ensureUnmounted(join(bundle, 'image'));
    await rm(bundle, { recursive: true, force: true });
  }
}
